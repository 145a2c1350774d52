import { OWN_NAMES } from '../census.js';
import { RANK } from '../object.js';
import { reader } from '../reader.js';

export const publications = reader(
  'pg_publication',
  RANK.publication,
  `select p.oid::int8 as oid, array[concat(format('CREATE PUBLICATION %I', p.pubname),
     case when p.puballtables then ' FOR ALL TABLES' end,
     ' WITH (' || concat_ws(', ',
       format('publish = %L', concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
         case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end)),
       case when p.pubviaroot then 'publish_via_partition_root = true' end,
       case when to_jsonb(p) ->> 'pubgencols' in ('s', 't', 'true') then 'publish_generated_columns = stored' end) || ')')] as sql
   from pg_publication p
   where p.oid = any($1::oid[])`,
);

/** The marker of a run in flight is no part of a list of columns. Before version 15 there are neither lists nor conditions. */
const restrictions = `,
  (select ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')'
    from pg_attribute a
    where a.attrelid = r.prrelid
    and a.attnum = any(r.prattrs)
    and a.attname !~ '${OWN_NAMES}'
    having count(*) > 0),
  ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')'`;

export const publishedTables = reader(
  'pg_publication_rel',
  RANK.publicationMember,
  (version) => `select r.oid::int8 as oid,
     array[concat(format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, r.prrelid::regclass)${version >= 150000 ? restrictions : ''})] as sql
   from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
   where r.oid = any($1::oid[])`,
);

export const publishedSchemas = reader(
  'pg_publication_namespace',
  RANK.publicationMember,
  `select r.oid::int8 as oid, array[format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I', p.pubname, n.nspname)] as sql
   from pg_publication_namespace r
   join pg_publication p on p.oid = r.pnpubid
   join pg_namespace n on n.oid = r.pnnspid
   where r.oid = any($1::oid[])`,
);
