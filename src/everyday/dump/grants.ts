import type { Session } from '#ports';
import { OWN_NAMES } from './census.js';
import { type Address, address, type DumpObject, RANK } from './object.js';

export interface Grant {
  readonly address: Address;
  readonly sql: string;
}

/** Where privileges are kept: the catalogue, its column, the letter of `acldefault`, and what GRANT calls the object. */
const KEPT: readonly (readonly [catalogue: string, prefix: string, letter: string, target: string])[] = [
  ['pg_namespace', 'nsp', `'n'`, `'SCHEMA ' || quote_ident(x.nspname)`],
  [
    'pg_class',
    'rel',
    `case x.relkind when 'S' then 's' else 'r' end`,
    `case x.relkind when 'S' then 'SEQUENCE ' else 'TABLE ' end || x.oid::regclass`,
  ],
  [
    'pg_proc',
    'pro',
    `'f'`,
    `case x.prokind when 'p' then 'PROCEDURE ' else 'FUNCTION ' end || x.oid::regprocedure`,
  ],
  ['pg_type', 'typ', `'T'`, `case x.typtype when 'd' then 'DOMAIN ' else 'TYPE ' end || x.oid::regtype`],
  ['pg_language', 'lan', `'l'`, `'LANGUAGE ' || quote_ident(x.lanname)`],
  ['pg_foreign_data_wrapper', 'fdw', `'F'`, `'FOREIGN DATA WRAPPER ' || quote_ident(x.fdwname)`],
  ['pg_foreign_server', 'srv', `'S'`, `'FOREIGN SERVER ' || quote_ident(x.srvname)`],
];

/** What differs from the privileges that an object has by itself. Owners are not in a dump, so neither are their own. */
export async function readGrants(session: Session): Promise<readonly Grant[]> {
  const rows = await session.query<{ catalogue: string; oid: number; sql: string }>(
    `select catalogue, oid, sql
     from (${[...KEPT.map(objectGrants), COLUMN_GRANTS].join('\nunion all\n')}) grants
     order by catalogue, target collate "C", withdrawn desc, sql collate "C"`,
  );
  return rows.map(({ catalogue, oid, sql }) => ({ address: address(catalogue, oid), sql }));
}

const ROLE = `case e.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(e.grantee)) end`;
const OPTION = `case when e.is_grantable then ' WITH GRANT OPTION' else '' end`;

function objectGrants([catalogue, prefix, letter, target]: (typeof KEPT)[number]): string {
  const owner = `x.${prefix}owner`;
  const initial = `coalesce((select i.initprivs from pg_init_privs i
    where i.objoid = x.oid and i.classoid = '${catalogue}'::regclass and i.objsubid = 0), acldefault((${letter})::"char", ${owner}))`;
  return `
  select '${catalogue}' as catalogue, x.oid::int8 as oid, t.target, c.withdrawn,
    case when c.withdrawn then 'REVOKE ' else 'GRANT ' end
      || string_agg(e.privilege_type, ', ' order by e.privilege_type collate "C") || ' ON ' || t.target
      || case when c.withdrawn then ' FROM ' || ${ROLE} else ' TO ' || ${ROLE} || ${OPTION} end as sql
  from ${catalogue} x
  cross join lateral (select ${target} as target) t
  cross join lateral (values
    (true, ${initial}, x.${prefix}acl),
    (false, x.${prefix}acl, ${initial})
  ) c (withdrawn, having_it, lacking_it)
  cross join lateral (select * from aclexplode(c.having_it)) e
  where x.${prefix}acl is not null
  and e.grantee <> ${owner}
  and not exists (
    select from aclexplode(c.lacking_it) o
    where o.grantee = e.grantee and o.privilege_type = e.privilege_type and o.is_grantable = e.is_grantable
  )
  group by x.oid, t.target, c.withdrawn, e.grantee, e.is_grantable`;
}

const COLUMN_GRANTS = `
select 'pg_class' as catalogue, x.attrelid::int8 as oid, x.attrelid::regclass::text, false,
  format('GRANT %s (%I) ON TABLE %s TO ', e.privilege_type, x.attname, x.attrelid::regclass) || ${ROLE} || ${OPTION}
from pg_attribute x
join pg_class c on c.oid = x.attrelid
cross join lateral aclexplode(x.attacl) e
where not x.attisdropped
and x.attname !~ '${OWN_NAMES}'
and e.grantee <> c.relowner`;

/** Privileges that roles give to what they create later; these name their role, since they are its own. */
export async function readDefaultPrivileges(session: Session): Promise<readonly DumpObject[]> {
  const rows = await session.query<{ oid: number; name: string; sql: readonly string[] }>(DEFAULT_PRIVILEGES);
  return rows.map(({ oid, name, sql }) => ({
    owns: [address('pg_default_acl', oid)],
    rank: RANK.defaultPrivileges,
    name,
    sql,
  }));
}

const DEFAULT_PRIVILEGES = `
with entries as (
  select d.oid, d.defaclrole, d.defaclnamespace, n.nspname,
    case d.defaclobjtype when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f' then 'FUNCTIONS' when 'T' then 'TYPES'
      when 'n' then 'SCHEMAS' when 'L' then 'LARGE OBJECTS' end as things,
    d.defaclacl as given,
    -- Of one schema they are added to the general ones; the general ones replace the built-in ones.
    case when d.defaclnamespace = 0
      then acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end::"char", d.defaclrole)
      end as built_in
  from pg_default_acl d
  left join pg_namespace n on n.oid = d.defaclnamespace
  where coalesce(n.nspname, '') not in ('bellows', 'bullmq')
),
changes as (
  select x.oid, x.defaclrole, x.nspname, x.things, c.withdrawn, e.grantee, e.is_grantable,
    string_agg(e.privilege_type, ', ' order by e.privilege_type collate "C") as privileges
  from entries x
  cross join lateral (values (true, x.built_in, x.given), (false, x.given, x.built_in)) c (withdrawn, having_it, lacking_it)
  cross join lateral (select * from aclexplode(c.having_it)) e
  where not exists (
    select from aclexplode(c.lacking_it) o
    where o.grantee = e.grantee and o.privilege_type = e.privilege_type and o.is_grantable = e.is_grantable
  )
  group by x.oid, x.defaclrole, x.nspname, x.things, c.withdrawn, e.grantee, e.is_grantable
)
select e.oid::int8 as oid, concat_ws(' ', pg_get_userbyid(e.defaclrole), e.nspname, e.things) as name,
  array_agg(concat(format('ALTER DEFAULT PRIVILEGES FOR ROLE %I', pg_get_userbyid(e.defaclrole)),
    ' IN SCHEMA ' || quote_ident(e.nspname),
    case when e.withdrawn then ' REVOKE ' else ' GRANT ' end, e.privileges, ' ON ', e.things,
    case when e.withdrawn then ' FROM ' else ' TO ' end, ${ROLE}, case when not e.withdrawn then ${OPTION} end)
    order by e.withdrawn desc, e.grantee = 0 desc, pg_get_userbyid(e.grantee) collate "C", e.is_grantable) as sql
from changes e
group by e.oid, e.defaclrole, e.nspname, e.things`;
