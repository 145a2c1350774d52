import type { TableName } from '#core/identifier';
import { look } from './look.js';
import { USER_TABLES, visibleSchema } from './user-tables.js';
import type { CheckWorld } from './world.js';

/** Something that counts upwards towards an end, with what the catalogue says of it. */
export interface SequenceUse extends Record<string, unknown> {
  readonly sequence: TableName;
  /** The column that it feeds; null: none that the catalogue knows. */
  readonly table: TableName | null;
  readonly oid: number | null;
  readonly column: string | null;
  readonly type: string | null;
  /** Share of the way, 0 to 100; null: this role may not read the sequence. */
  readonly percent: number | null;
  /** The sequence itself ends before the column's type does. */
  readonly sequenceEndsFirst: boolean;
  readonly last: string | null;
}

/** What a column is made of: a domain has the range of its base type. */
const TYPE = `format_type(coalesce(nullif((select d.typbasetype from pg_catalog.pg_type d where d.oid = a.atttypid), 0), a.atttypid), null)`;

const LIMITS = `case ${TYPE}
    when 'smallint' then 32767
    when 'integer' then 2147483647
    else 9223372036854775807
  end::numeric`;

// By ownership (serial, identity) or by a default that calls it. A cycling sequence has no end.
const SEQUENCES = `
with ${USER_TABLES},
feeds as (
  select d.objid as sequence, d.refobjid as relation, d.refobjsubid as attnum
  from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::regclass
  and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.deptype in ('a', 'i')
  and d.refobjsubid > 0
  union
  select d.refobjid, ad.adrelid, ad.adnum
  from pg_catalog.pg_depend d
  join pg_catalog.pg_attrdef ad on ad.oid = d.objid
  where d.classid = 'pg_catalog.pg_attrdef'::regclass
  and d.refclassid = 'pg_catalog.pg_class'::regclass
),
used as (
  select s.seqrelid, s.seqmax, n.nspname, c.relname, t.schema, t.name, t.oid, a.attname, ${TYPE} as type,
    has_sequence_privilege(s.seqrelid, 'select, usage') as readable,
    case when a.attname is null then s.seqmax else least(s.seqmax, ${LIMITS}) end as limit_,
    a.attname is not null and s.seqmax < ${LIMITS} as sequence_ends_first
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_class c on c.oid = s.seqrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join feeds f on f.sequence = s.seqrelid
  left join tables t on t.oid = f.relation and not t.relispartition
  left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = f.attnum
  where not s.seqcycle
  and s.seqincrement > 0
  and ${visibleSchema('n.nspname')}
  and c.relpersistence <> 't'
  and (f.sequence is null or t.oid is not null)
),
valued as (
  select u.*, case when u.readable then pg_catalog.pg_sequence_last_value(u.seqrelid) end as last
  from used u
)
select jsonb_build_object('schema', v.nspname, 'name', v.relname) as sequence,
  case when v.oid is not null then jsonb_build_object('schema', v.schema, 'name', v.name) end as "table",
  v.oid::bigint as oid,
  v.attname::text as column,
  case when v.oid is not null then v.type end as type,
  case when v.readable then greatest(0, round(100 * coalesce(v.last, 0) / v.limit_, 1))::float8 end as percent,
  v.sequence_ends_first as "sequenceEndsFirst",
  v.last::text as last
from valued v
order by 1, v.schema, v.name, v.attname`;

export function readSequences(world: CheckWorld): Promise<readonly SequenceUse[]> {
  return look<SequenceUse>(world, SEQUENCES);
}

export interface SmallInteger extends Record<string, unknown> {
  readonly oid: number;
  readonly column: string;
  readonly type: 'smallint' | 'integer';
}

/** The columns whose type ends early. */
export function readSmallIntegers(world: CheckWorld): Promise<readonly SmallInteger[]> {
  return look<SmallInteger>(
    world,
    `with ${USER_TABLES}
     select t.oid::bigint as oid, a.attname::text as column, ${TYPE} as type
     from tables t
     join pg_catalog.pg_attribute a on a.attrelid = t.oid
     where ${TYPE} in ('smallint', 'integer')
     and a.attnum > 0
     and not a.attisdropped
     and not t.relispartition`,
  );
}

export const RANGE = { smallint: 32_767, integer: 2_147_483_647 } as const;
