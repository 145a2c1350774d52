import { readColumns } from '../columns.js';
import { type Address, address, type DumpObject, RANK, type Reader, type Reading } from '../object.js';
import { reader } from '../reader.js';

const enums = reader(
  'pg_type',
  RANK.type,
  `select t.oid::int8 as oid, array[format(E'CREATE TYPE %I.%I AS ENUM (\\n    %s\\n)', n.nspname, t.typname,
     (select coalesce(string_agg(quote_literal(e.enumlabel), E',\\n    ' order by e.enumsortorder), '')
       from pg_enum e where e.enumtypid = t.oid))] as sql
   from pg_type t join pg_namespace n on n.oid = t.typnamespace
   where t.oid = any($1::oid[])
   and t.typtype = 'e'`,
);

/** The multirange comes with it. A canonical function would need the type before it: it stands in a circle, and is told so. */
const ranges = reader(
  'pg_type',
  RANK.type,
  `select t.oid::int8 as oid, array[format(E'CREATE TYPE %I.%I AS RANGE (\\n    %s\\n)', n.nspname, t.typname,
     concat_ws(E',\\n    ',
       'subtype = ' || format_type(r.rngsubtype, null),
       case when not o.opcdefault then 'subtype_opclass = ' || format('%I.%I', ons.nspname, o.opcname) end,
       case when r.rngcollation <> s.typcollation
         then 'collation = ' || format('%I.%I', cn.nspname, c.collname) end,
       case when r.rngcanonical <> 0 then 'canonical = ' || r.rngcanonical::regproc end,
       case when r.rngsubdiff <> 0 then 'subtype_diff = ' || r.rngsubdiff::regproc end,
       'multirange_type_name = ' || r.rngmultitypid::regtype
     ))] as sql
   from pg_type t
   join pg_namespace n on n.oid = t.typnamespace
   join pg_range r on r.rngtypid = t.oid
   join pg_type s on s.oid = r.rngsubtype
   join pg_opclass o on o.oid = r.rngsubopc
   join pg_namespace ons on ons.oid = o.opcnamespace
   left join pg_collation c on c.oid = r.rngcollation
   left join pg_namespace cn on cn.oid = c.collnamespace
   where t.oid = any($1::oid[])
   and t.typtype = 'r'`,
);

const composites: Reader = async (reading) => {
  const rows = await reading.session.query<{ oid: number; relation: number; name: string }>(
    `select t.oid::int8 as oid, t.typrelid::int8 as relation, format('%I.%I', n.nspname, t.typname) as name
     from pg_type t
     join pg_namespace n on n.oid = t.typnamespace
     where t.oid = any($1::oid[])
     and t.typtype = 'c'`,
    [reading.oids('pg_type')],
  );
  const columns = await readColumns(
    reading,
    rows.map(({ relation }) => relation),
  );
  return rows.map(({ oid, relation, name }) => ({
    owns: [address('pg_type', oid), address('pg_class', relation)],
    rank: RANK.type,
    name,
    sql: [`CREATE TYPE ${name} AS (${attributes(columns.get(relation) ?? [])}\n)`],
  }));
};

function attributes(columns: readonly { name: string; type: string; collation: string | null }[]): string {
  return columns
    .map(
      ({ name, type, collation }) =>
        `\n    ${name} ${type}${collation === null ? '' : ` COLLATE ${collation}`}`,
    )
    .join(',');
}

interface DomainRow extends Record<string, unknown> {
  readonly oid: number;
  readonly name: string;
  readonly head: string;
  /** The constraint's oid, since version 17; null: none. */
  readonly notNull: number | null;
}

interface DomainCheck extends Record<string, unknown> {
  readonly oid: number;
  readonly domain: number;
  readonly name: string;
  readonly definition: string;
  readonly valid: boolean;
}

const domains: Reader = async (reading) => {
  const rows = await reading.session.query<DomainRow>(DOMAINS, [reading.oids('pg_type')]);
  if (rows.length === 0) return [];
  const checks = await reading.session.query<DomainCheck>(DOMAIN_CHECKS, [reading.oids('pg_constraint')]);
  return rows.map((row) =>
    domainOf(
      row,
      checks.filter(({ domain }) => domain === row.oid),
    ),
  );
};

function domainOf({ oid, name, head, notNull }: DomainRow, checks: readonly DomainCheck[]): DumpObject {
  const row = address('pg_type', oid);
  const own = ({ oid: check }: DomainCheck): Address => address('pg_constraint', check);
  const added = (check: DomainCheck) =>
    `ALTER DOMAIN ${name} ADD CONSTRAINT ${check.name} ${check.definition}`;
  const inline = checks.filter(({ valid }) => valid);
  const owns = notNull === null ? [row] : [row, address('pg_constraint', notNull)];
  const base = { owns, rank: RANK.type, name, sql: [head] };
  const split = () => [
    base,
    ...checks.map((check) => ({
      owns: [own(check)],
      rank: RANK.check,
      name: `${name} ${check.name}`,
      sql: [added(check)],
      needs: [row],
    })),
  ];
  return {
    ...base,
    owns: [...owns, ...checks.map(own)],
    sql: [
      [head, ...inline.map((check) => `    CONSTRAINT ${check.name} ${check.definition}`)].join('\n'),
      ...checks.filter(({ valid }) => !valid).map(added),
    ],
    ...(checks.length === 0 ? {} : { split }),
  };
}

const DOMAINS = `
select t.oid::int8 as oid, format('%I.%I', n.nspname, t.typname) as name,
  concat(
    format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod)),
    case when t.typcollation <> b.typcollation then format(' COLLATE %I.%I', cn.nspname, c.collname) end,
    ' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)),
    case when t.typnotnull then coalesce((
      -- Since version 17 it has a name.
      select format(' CONSTRAINT %I', k.conname)
      from pg_constraint k
      where k.contypid = t.oid and k.contype = 'n' and k.conname <> t.typname || '_not_null'
    ), '') || ' NOT NULL' end
  ) as head,
  (select k.oid::int8 from pg_constraint k where k.contypid = t.oid and k.contype = 'n') as "notNull"
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
join pg_type b on b.oid = t.typbasetype
left join pg_collation c on c.oid = t.typcollation
left join pg_namespace cn on cn.oid = c.collnamespace
where t.oid = any($1::oid[])
and t.typtype = 'd'`;

const DOMAIN_CHECKS = `
select k.oid::int8 as oid, k.contypid::int8 as domain, quote_ident(k.conname) as name,
  pg_get_constraintdef(k.oid) as definition, k.convalidated as valid
from pg_constraint k
where k.oid = any($1::oid[])
and k.contypid <> 0
and k.contype = 'c'
order by k.conname collate "C"`;

/** Base types need functions in C: they come with extensions, and a user's own is told as unknown. */
export const types: Reader = async (reading: Reading) => {
  const kinds = [enums, ranges, composites, domains];
  const found: DumpObject[] = [];
  for (const kind of kinds) found.push(...(await kind(reading)));
  return found;
};
