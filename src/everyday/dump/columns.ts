import { OWN_NAMES } from './census.js';
import { type Address, address, type Reading } from './object.js';
import { append } from './order.js';

export interface Column {
  readonly relation: number;
  /** Quoted. */
  readonly name: string;
  readonly bareName: string;
  readonly type: string;
  /** Quoted; null: that of its type. */
  readonly collation: string | null;
  readonly notNull: boolean;
  /** Defined here, and not by a parent alone. */
  readonly local: boolean;
  readonly inherited: boolean;
  /** A parent has the column NOT NULL. */
  readonly parentNotNull: boolean;
  readonly default: { readonly address: Address; readonly text: string } | null;
  /** `s` stored, `v` virtual; empty: an ordinary column. */
  readonly generated: '' | 's' | 'v';
  /** `a` always, `d` by default; empty: none. */
  readonly identity: '' | 'a' | 'd';
  /** What follows after the table is made: storage, compression, statistics, options. */
  readonly settings: readonly string[];
  /** Options of a foreign table's column, as they stand between the parentheses. */
  readonly foreignOptions: string | null;
}

interface Row extends Record<string, unknown> {
  readonly defaultOid: number | null;
  readonly defaultText: string | null;
  readonly storage: string | null;
  readonly compression: string | null;
  readonly statistics: number | null;
  readonly options: string | null;
}
type ColumnRow = Row & Omit<Column, 'default' | 'settings'>;

/** The columns of these relations, in order; what Bellows added for a run is left out. */
export async function readColumns(
  { session }: Reading,
  relations: readonly number[],
): Promise<ReadonlyMap<number, readonly Column[]>> {
  const rows = await session.query<ColumnRow>(COLUMNS, [relations]);
  const columns = new Map<number, Column[]>();
  for (const row of rows) append(columns, row.relation, columnOf(row));
  return columns;
}

function columnOf(row: ColumnRow): Column {
  const { defaultOid, defaultText, storage, compression, statistics, options, ...column } = row;
  const has = defaultOid !== null && defaultText !== null;
  return {
    ...column,
    default: has ? { address: address('pg_attrdef', defaultOid), text: defaultText } : null,
    settings: [
      ...(storage === null ? [] : [`SET STORAGE ${storage}`]),
      ...(compression === null ? [] : [`SET COMPRESSION ${compression}`]),
      ...(statistics === null ? [] : [`SET STATISTICS ${statistics}`]),
      ...(options === null ? [] : [`SET (${options})`]),
    ],
  };
}

const COLUMNS = `
select
  a.attrelid::int8 as relation,
  quote_ident(a.attname) as name,
  a.attname::text as "bareName",
  format_type(a.atttypid, a.atttypmod) as type,
  case when a.attcollation <> t.typcollation and a.attcollation <> 0
    then (select format('%I.%I', n.nspname, c.collname)
      from pg_collation c join pg_namespace n on n.oid = c.collnamespace
      where c.oid = a.attcollation)
  end as collation,
  a.attnotnull as "notNull",
  a.attislocal as local,
  a.attinhcount > 0 as inherited,
  exists (
    select from pg_inherits i
    join pg_attribute p on p.attrelid = i.inhparent and p.attname = a.attname and not p.attisdropped
    where i.inhrelid = a.attrelid and p.attnotnull
  ) as "parentNotNull",
  d.oid::int8 as "defaultOid",
  pg_get_expr(d.adbin, d.adrelid) as "defaultText",
  a.attgenerated::text as generated,
  a.attidentity::text as identity,
  case when a.attstorage <> t.typstorage then case a.attstorage
    when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' when 'x' then 'EXTENDED' end
  end as storage,
  case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
  nullif(a.attstattarget, -1) as statistics,
  (select string_agg(format('%I=%s', option_name, quote_literal(option_value)), ', ')
    from pg_options_to_table(a.attoptions)) as options,
  (select string_agg(format('%I %L', option_name, option_value), ', ')
    from pg_options_to_table(a.attfdwoptions)) as "foreignOptions"
from pg_attribute a
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = any($1::oid[])
and a.attnum > 0
and not a.attisdropped
and a.attname !~ '${OWN_NAMES}'
order by a.attrelid, a.attnum`;
