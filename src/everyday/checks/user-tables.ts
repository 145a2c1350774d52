/** Schemas that are nobody's but ours or the server's. */
const INVISIBLE = `('pg_catalog', 'information_schema', 'bellows', 'bullmq')`;

export const visibleSchema = (column: string): string =>
  `${column} not in ${INVISIBLE} and ${column} !~ '^pg_(toast|temp)'`;

/**
 * A CTE `tables` (oid, schema, name, relkind, relispartition): the project's own tables, partitioned ones and partitions
 * included; not those of extensions.
 */
export const USER_TABLES = `
tables as (
  select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind, c.relispartition
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p')
  and ${visibleSchema('n.nspname')}
  and not exists (
    select
    from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass
    and d.objid = c.oid
    and d.deptype = 'e'
  )
)`;

/** The names of columns by their numbers, in that order; `relation` and `numbers` are SQL. */
export const columnNames = (relation: string, numbers: string): string => `array(
    select a.attname::text
    from unnest(${numbers}) with ordinality k (attnum, place)
    left join pg_catalog.pg_attribute a on a.attrelid = ${relation} and a.attnum = k.attnum and k.attnum > 0
    order by k.place
  )`;
