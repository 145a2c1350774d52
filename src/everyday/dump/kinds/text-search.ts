import { RANK } from '../object.js';
import { reader } from '../reader.js';

/** Parsers and templates need functions in C: a user's own are told as unknown. */
export const dictionaries = reader(
  'pg_ts_dict',
  RANK.textSearch,
  `select d.oid::int8 as oid, array[format('CREATE TEXT SEARCH DICTIONARY %I.%I (TEMPLATE = %I.%I%s)',
     n.nspname, d.dictname, tn.nspname, t.tmplname, coalesce(', ' || d.dictinitoption, ''))] as sql
   from pg_ts_dict d
   join pg_namespace n on n.oid = d.dictnamespace
   join pg_ts_template t on t.oid = d.dicttemplate
   join pg_namespace tn on tn.oid = t.tmplnamespace
   where d.oid = any($1::oid[])`,
);

export const configurations = reader(
  'pg_ts_config',
  RANK.textSearch,
  `select c.oid::int8 as oid,
     array[format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %I.%I)', n.nspname, c.cfgname, pn.nspname, p.prsname)]
     || array(
       select format('ALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I WITH %s', n.nspname, c.cfgname, t.alias,
         string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno))
       from pg_ts_config_map m
       join ts_token_type(c.cfgparser) t on t.tokid = m.maptokentype
       where m.mapcfg = c.oid
       group by t.tokid, t.alias
       order by t.tokid
     ) as sql
   from pg_ts_config c
   join pg_namespace n on n.oid = c.cfgnamespace
   join pg_ts_parser p on p.oid = c.cfgparser
   join pg_namespace pn on pn.oid = p.prsnamespace
   where c.oid = any($1::oid[])`,
);
