import type { ReferenceFacts } from '#core/catalogue-facts';
import type { Session } from '#ports';

interface ReferenceRow extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly onDelete: ReferenceFacts['onDelete'];
  readonly indexed: boolean;
  readonly blocks: number;
}

/**
 * Foreign keys that a delete from the table has to look through: those that refer to it, and, where rows go by CASCADE,
 * those that refer to these. A key on partitions is known by that of their root. An index over the rows that have a key
 * will do.
 */
export async function readReferences(tx: Session, oid: number): Promise<readonly ReferenceFacts[]> {
  const rows = await tx.query<ReferenceRow>(
    `with recursive deleted as (
       select relid::oid as oid from pg_partition_tree($1::oid)
       union
       select $1::oid
       union
       select k.conrelid
       from deleted
       join pg_constraint k on k.confrelid = deleted.oid and k.contype = 'f' and k.confdeltype = 'c'
     )
     select k.conname::text as name,
       n.nspname::text as schema,
       c.relname::text as "table",
       key.columns,
       case k.confdeltype
         when 'c' then 'cascade'
         when 'n' then 'set null'
         when 'd' then 'set default'
         when 'r' then 'restrict'
         else 'no action'
       end as "onDelete",
       exists (
         select from pg_index i
         where i.indrelid = k.conrelid
         and i.indisvalid
         and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
         and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', key.columns[1]))
       ) as indexed,
       (
         select coalesce(sum(pg_relation_size(t.oid)), 0) / current_setting('block_size')::int8
         from (select relid::oid as oid from pg_partition_tree(k.conrelid) union select k.conrelid) t
       ) as blocks
     from pg_constraint k
     join pg_class c on c.oid = k.conrelid
     join pg_namespace n on n.oid = c.relnamespace
     cross join lateral (
       select array_agg(a.attname::text order by u.place) as columns
       from unnest(k.conkey) with ordinality as u (attnum, place)
       join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
     ) as key
     where k.contype = 'f'
     and k.conparentid = 0
     and k.confrelid in (select oid from deleted)
     order by n.nspname, c.relname, k.conname`,
    [oid],
  );
  return rows.map(({ name, schema, table, columns, onDelete, indexed, blocks }) => ({
    name,
    table: { schema, name: table },
    columns,
    onDelete,
    indexed,
    blocks: Number(blocks),
  }));
}
