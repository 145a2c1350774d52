import type { Session } from '#ports';
import { OWN_NAMES } from './census.js';
import { type Address, address } from './object.js';

/** What a row of the catalogue is, and what is said about it. */
export interface Comment {
  readonly address: Address;
  readonly sql: string;
}

/** All comments; each goes behind the statements of the object that owns its row. */
export async function readComments(session: Session): Promise<readonly Comment[]> {
  const rows = await session.query<{ catalogue: string; oid: number; target: string; text: string }>(
    COMMENTS,
  );
  return rows.map(({ catalogue, oid, target, text }) => ({
    address: address(catalogue, oid),
    sql: `COMMENT ON ${target} IS ${text}`,
  }));
}

/**
 * How COMMENT ON names an object: mostly as `pg_identify_object` does. A column is one to COMMENT, whatever its relation;
 * an ordered-set aggregate is found by its ORDER BY only. `public` and extensions bring a comment of their own.
 */
const COMMENTS = `
select d.classoid::regclass::text as catalogue, d.objoid::int8 as oid, quote_literal(d.description) as text,
  case
    when d.objsubid > 0 then 'COLUMN ' || i.identity
    when i.type in ('table constraint', 'trigger', 'policy', 'rule') then
      upper(replace(i.type, 'table ', '')) || format(' %I ON %I.%I', b.object_names[3], b.object_names[1], b.object_names[2])
    when i.type = 'domain constraint' then format('CONSTRAINT %I ON DOMAIN %s', b.object_args[1], b.object_names[1])
    when i.type = 'server' then 'SERVER ' || i.identity
    when i.type = 'foreign-data wrapper' then 'FOREIGN DATA WRAPPER ' || i.identity
    when i.type = 'statistics object' then 'STATISTICS ' || i.identity
    when i.type in ('aggregate', 'function', 'procedure') then upper(i.type) || ' ' || (
      select format('%I.%I(%s)', n.nspname, p.proname,
        coalesce(nullif(pg_get_function_identity_arguments(p.oid), ''), case when p.prokind = 'a' then '*' end))
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.oid = d.objoid)
    else upper(i.type) || ' ' || i.identity
  end as target
from pg_description d
cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
cross join lateral pg_identify_object_as_address(d.classoid, d.objoid, d.objsubid) b
left join pg_attribute a on d.classoid = 'pg_class'::regclass and a.attrelid = d.objoid and a.attnum = d.objsubid
where (d.objoid >= 16384 or (d.classoid = 'pg_namespace'::regclass and d.objoid = to_regnamespace('public')))
and coalesce(a.attname, '') !~ '${OWN_NAMES}'
and not (i.type = 'schema' and i.identity = 'public' and d.description = 'standard public schema')
and not (i.type = 'extension' and exists (
  select from pg_extension x join pg_available_extensions v on v.name = x.extname
  where x.oid = d.objoid and v.comment = d.description
))
order by d.classoid::regclass::text, i.identity collate "C", d.objsubid`;
