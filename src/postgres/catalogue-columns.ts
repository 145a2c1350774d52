import type { ColumnFacts } from '#core/catalogue-facts';
import type { Session } from '#ports';

/**
 * Types of pg_catalog whose equality is equality of the stored bytes. Not numeric (1.0 = 1.00), float (-0 = 0), char(n)
 * (padding), interval (24 h = 1 day), jsonb (numbers), json and xml (no equality), arrays and rows (of their elements).
 */
const PLAIN = [
  'bool',
  'int2',
  'int4',
  'int8',
  'oid',
  'uuid',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'bytea',
  'text',
  'varchar',
  'name',
  '"char"',
  'money',
];

type Column = Omit<ColumnFacts, 'defaultVolatile'> & Readonly<Record<string, unknown>>;

/** The columns in order; whether a default is volatile is left to the caller. */
export async function readColumns(tx: Session, oid: number): Promise<readonly ColumnFacts[]> {
  const rows = await tx.query<Column>(
    `with recursive base as (
       select a.attnum, a.atttypid as type from pg_attribute a where a.attrelid = $1 and a.attnum > 0
       union all
       select base.attnum, t.typbasetype from base join pg_type t on t.oid = base.type where t.typtype = 'd'
     )
     select a.attname::text as name,
       format_type(a.atttypid, a.atttypmod) as type,
       ${NOT_NULL} as "notNull",
       case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end as "default",
       a.attgenerated <> '' as generated,
       case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
       (b.typtype = 'e' or (b.typnamespace = 'pg_catalog'::regnamespace and b.typname = any ($2::text[])))
         and coalesce(l.collisdeterministic, true) as "plainEquality",
       coalesce(e.typnamespace, t.typnamespace) = 'pg_catalog'::regnamespace as "builtInType"
     from pg_attribute a
     join pg_type t on t.oid = a.atttypid
     left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
     join base on base.attnum = a.attnum
     join pg_type b on b.oid = base.type and b.typtype <> 'd'
     left join pg_collation l on l.oid = a.attcollation
     left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1
     and a.attnum > 0
     and not a.attisdropped
     order by a.attnum`,
    [oid, PLAIN.map((name) => name.replaceAll('"', ''))],
  );
  return rows.map((row) => ({ ...row, defaultVolatile: false }));
}

/** On 18 attnotnull is already true while the constraint is NOT VALID; before 18 there is no such row. */
export const NOT_NULL = `(
  a.attnotnull
  and not exists (
    select from pg_constraint k
    where k.conrelid = a.attrelid
    and k.contype = 'n'
    and not k.convalidated
    and k.conkey = array[a.attnum]
  )
)`;
