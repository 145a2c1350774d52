import { RANK } from '../object.js';
import { reader } from '../reader.js';

/** Every new database has a `public`, so it is never made: whether this one was dropped and made anew makes no difference. */
export const schemas = reader(
  'pg_namespace',
  RANK.schema,
  `select n.oid::int8 as oid,
     case when n.nspname = 'public' then '{}' else array[format('CREATE SCHEMA %I', n.nspname)] end as sql
   from pg_namespace n
   where n.oid = any($1::oid[])`,
);

/** Without the version: the files of the server decide on it. */
export const extensions = reader(
  'pg_extension',
  RANK.extension,
  `select e.oid::int8 as oid,
     array[format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', e.extname, n.nspname)] as sql
   from pg_extension e join pg_namespace n on n.oid = e.extnamespace
   where e.oid = any($1::oid[])`,
);

export const accessMethods = reader(
  'pg_am',
  RANK.accessMethod,
  `select a.oid::int8 as oid, array[format('CREATE ACCESS METHOD %I TYPE %s HANDLER %s', a.amname,
     case a.amtype when 't' then 'TABLE' else 'INDEX' end, a.amhandler::regproc)] as sql
   from pg_am a
   where a.oid = any($1::oid[])`,
);

/** The columns have other names in each version: by `to_jsonb` a name that is not there is a null. */
export const collations = reader(
  'pg_collation',
  RANK.collation,
  `select c.oid::int8 as oid, array[format('CREATE COLLATION %I.%I (%s)', n.nspname, c.collname,
     concat_ws(', ',
       'provider = ' || case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
       case when not c.collisdeterministic then 'deterministic = false' end,
       'locale = ' || quote_literal(coalesce(r ->> 'colllocale', r ->> 'colliculocale',
         case when c.collprovider = 'i' or c.collcollate = c.collctype then c.collcollate end)),
       case when c.collprovider <> 'i' and c.collcollate <> c.collctype
         then format('lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype) end,
       'rules = ' || quote_literal(r ->> 'collicurules')
     ))] as sql
   from pg_collation c
   join pg_namespace n on n.oid = c.collnamespace
   cross join lateral to_jsonb(c) r
   where c.oid = any($1::oid[])`,
);
