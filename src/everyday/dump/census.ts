import type { Session } from '#ports';
import { type Address, address } from './object.js';

/** One object of the user. */
export interface Counted {
  readonly address: Address;
  /** As `pg_identify_object` calls it: `table`, `operator class`. */
  readonly type: string;
  readonly identity: string;
}

/**
 * Everything that a dump has to bring about: what users made, in every catalogue, without what belongs to an extension or
 * to Bellows. Readers read what is listed here, and what none of them writes is known by being listed here.
 */
export async function census(session: Session, version: number): Promise<readonly Counted[]> {
  const rows = await session.query<{ catalogue: string; oid: number; type: string; identity: string }>(
    `with ${SCOPE},
     found as (${found(version)})
     select f.catalogue::text as catalogue, f.oid::int8 as oid, i.type, i.identity
     from found f
     cross join lateral pg_identify_object(f.catalogue, f.oid, 0) i
     where not exists (
       select from pg_depend d
       where d.classid = f.catalogue and d.objid = f.oid and d.deptype = 'e'
     )
     order by f.catalogue::text, i.identity collate "C"`,
  );
  return rows.map(({ catalogue, oid, type, identity }) => ({
    address: address(catalogue, oid),
    type,
    identity,
  }));
}

/** Oids below this are the server's own, from initdb (FirstNormalObjectId). */
export const FIRST_USER_OID = 16384;

/** Names that Bellows gives to what it puts on the user's tables while a run is in flight. */
export const OWN_NAMES = '^(_bellows_|~bellows_)';

/** Schemas of users, and their relations; Bellows and its queue are none. */
const SCOPE = `
  schemas as (
    select oid from pg_namespace
    where nspname !~ '^pg_' and nspname not in ('information_schema', 'bellows', 'bullmq')
  ),
  relations as (
    select c.oid, c.relkind, c.relispartition
    from pg_class c
    where c.relnamespace in (select oid from schemas)
    and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    and not exists (
      select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
  ),
  domains as (
    select t.oid
    from pg_type t
    where t.typnamespace in (select oid from schemas)
    and t.typtype = 'd'
    and not exists (
      select from pg_depend d
      where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
    )
  ),
  routines as (
    select p.oid from pg_proc p
    where p.pronamespace in (select oid from schemas)
    -- The constructors of a range type come with it.
    and not exists (
      select from pg_depend d
      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'
    )
  )`;

function found(version: number): string {
  const parts = version >= 150000 ? [...PARTS, PUBLISHED_SCHEMAS] : PARTS;
  return parts.join('\nunion all\n');
}

/** A catalogue whose objects live in a schema and have nothing more to them. */
function inSchema(catalogue: string, prefix: string): string {
  return `select '${catalogue}'::regclass as catalogue, oid from ${catalogue}
    where ${prefix}namespace in (select oid from schemas)`;
}

/** A catalogue whose objects live in no schema. */
function global(catalogue: string): string {
  return `select '${catalogue}'::regclass, oid from ${catalogue} where oid >= ${FIRST_USER_OID}`;
}

const PARTS: readonly string[] = [
  // Identity sequences come with their column.
  `select 'pg_class'::regclass as catalogue, r.oid from relations r
   where not exists (
     select from pg_depend d
     where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i' and r.relkind = 'S'
   )`,
  `select 'pg_class'::regclass, i.indexrelid
   from pg_index i join pg_class c on c.oid = i.indexrelid
   where i.indrelid in (select oid from relations)
   and c.relname !~ '${OWN_NAMES}'
   -- The index of a constraint comes with it.
   and not exists (
     select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
   )`,
  `select 'pg_type'::regclass, t.oid
   from pg_type t left join pg_class c on c.oid = t.typrelid
   where t.typnamespace in (select oid from schemas)
   and t.typtype <> 'm'
   and (t.typrelid = 0 or c.relkind = 'c')
   and not exists (select from pg_type e where e.typarray = t.oid)`,
  `select 'pg_proc'::regclass, oid from routines`,
  `select 'pg_constraint'::regclass, k.oid
   from pg_constraint k
   where k.conname !~ '${OWN_NAMES}'
   and k.contype in ('p', 'u', 'x', 'f', 'c')
   and (k.conrelid in (select oid from relations)
     or k.contypid in (select oid from domains))
   -- A partition's foreign key comes with its parent's.
   and not (k.contype = 'f' and k.conparentid <> 0)`,
  `select 'pg_attrdef'::regclass, d.oid
   from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
   where d.adrelid in (select oid from relations)
   and a.attname !~ '${OWN_NAMES}'`,
  `select 'pg_trigger'::regclass, oid from pg_trigger
   where tgrelid in (select oid from relations)
   and (not tgisinternal or tgparentid <> 0)
   and not exists (select from pg_constraint k where k.oid = tgconstraint and k.contype = 'f')
   and tgname !~ '${OWN_NAMES}'`,
  `select 'pg_rewrite'::regclass, oid from pg_rewrite where ev_class in (select oid from relations)`,
  `select 'pg_policy'::regclass, oid from pg_policy where polrelid in (select oid from relations)`,
  `select 'pg_operator'::regclass, oid from pg_operator
   where oprnamespace in (select oid from schemas)
   -- A shell: named as a commutator, never made.
   and oprcode <> 0`,
  inSchema('pg_opclass', 'opc'),
  inSchema('pg_opfamily', 'opf'),
  inSchema('pg_collation', 'coll'),
  inSchema('pg_conversion', 'con'),
  inSchema('pg_statistic_ext', 'stx'),
  inSchema('pg_ts_config', 'cfg'),
  inSchema('pg_ts_dict', 'dict'),
  inSchema('pg_ts_parser', 'prs'),
  inSchema('pg_ts_template', 'tmpl'),
  `select 'pg_namespace'::regclass, oid from schemas`,
  global('pg_extension'),
  global('pg_language'),
  global('pg_am'),
  global('pg_transform'),
  global('pg_event_trigger'),
  global('pg_foreign_data_wrapper'),
  global('pg_foreign_server'),
  global('pg_publication'),
  // The one from a range to its multirange comes with the range.
  `select 'pg_cast'::regclass, c.oid from pg_cast c
   where c.oid >= ${FIRST_USER_OID}
   and not exists (
     select from pg_depend d
     where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i'
   )`,
  `select 'pg_publication_rel'::regclass, oid from pg_publication_rel
   where prrelid in (select oid from relations)`,
];

const PUBLISHED_SCHEMAS = `
select 'pg_publication_namespace'::regclass, oid from pg_publication_namespace
where pnnspid in (select oid from schemas)`;
