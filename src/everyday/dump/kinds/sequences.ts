import { address, RANK, type Reader } from '../object.js';

/** What differs from the defaults of CREATE SEQUENCE, as its options. `q` is `pg_sequence`. */
export const SEQUENCE_OPTIONS = `concat(
  case when q.seqstart <> case when q.seqincrement > 0 then q.seqmin else q.seqmax end then ' START WITH ' || q.seqstart end,
  case when q.seqincrement <> 1 then ' INCREMENT BY ' || q.seqincrement end,
  case when q.seqmin <> case when q.seqincrement > 0 then 1 else bounds.least end then ' MINVALUE ' || q.seqmin end,
  case when q.seqmax <> case when q.seqincrement > 0 then bounds.most else -1 end then ' MAXVALUE ' || q.seqmax end,
  case when q.seqcache <> 1 then ' CACHE ' || q.seqcache end,
  case when q.seqcycle then ' CYCLE' end)`;

/** The range of the sequence's type. */
export const SEQUENCE_BOUNDS = `lateral (values (
  case q.seqtypid when 'int2'::regtype then -32768 when 'int4'::regtype then -2147483648 else -9223372036854775808 end,
  case q.seqtypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647 else 9223372036854775807 end
)) bounds (least, most)`;

interface Row extends Record<string, unknown> {
  readonly oid: number;
  readonly name: string;
  readonly create: string;
  readonly owner: number | null;
  readonly ownedBy: string | null;
}

/**
 * A serial column's default needs the sequence, and the sequence is owned by the column: the ownership comes afterwards, by
 * a statement of its own.
 */
export const sequences: Reader = async ({ session, oids }) => {
  const rows = await session.query<Row>(SEQUENCES, [oids('pg_class')]);
  return rows.flatMap(({ oid, name, create, owner, ownedBy }) => {
    const row = address('pg_class', oid);
    const table = owner === null ? [] : [address('pg_class', owner)];
    return [
      { owns: [row], rank: RANK.sequence, name, sql: [create], without: table },
      ...(ownedBy === null
        ? []
        : [
            {
              owns: [],
              rank: RANK.owned,
              name,
              sql: [`ALTER SEQUENCE ${name} OWNED BY ${ownedBy}`],
              needs: [row, ...table],
            },
          ]),
    ];
  });
};

const SEQUENCES = `
select c.oid::int8 as oid, format('%I.%I', n.nspname, c.relname) as name,
  concat('CREATE', case c.relpersistence when 'u' then ' UNLOGGED' end, format(' SEQUENCE %I.%I', n.nspname, c.relname),
    case when q.seqtypid <> 'int8'::regtype then ' AS ' || format_type(q.seqtypid, null) end, ${SEQUENCE_OPTIONS}) as create,
  t.oid::int8 as owner,
  case when a.attname is not null then format('%I.%I.%I', tn.nspname, t.relname, a.attname) end as "ownedBy"
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_sequence q on q.seqrelid = c.oid
cross join ${SEQUENCE_BOUNDS}
left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
  and d.refclassid = 'pg_class'::regclass and d.deptype = 'a'
left join pg_class t on t.oid = d.refobjid
left join pg_namespace tn on tn.oid = t.relnamespace
left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where c.oid = any($1::oid[])`;
