import { RANK } from '../object.js';
import { laterReader, reader } from '../reader.js';

/**
 * Without those that a failed CREATE INDEX CONCURRENTLY left behind. The index of a partitioned table is made alone
 * (the server writes ON ONLY), those of its partitions are attached.
 */
export const indexes = reader(
  'pg_class',
  RANK.index,
  `select i.indexrelid::int8 as oid,
     case when i.indisvalid or c.relkind = 'I' then
       array[pg_get_indexdef(i.indexrelid)]
       || array(select format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', n.nspname, c.relname, a.attnum, a.attstattarget)
         from pg_attribute a
         where a.attrelid = i.indexrelid and a.attstattarget >= 0
         order by a.attnum)
     else '{}' end as sql
   from pg_index i
   join pg_class c on c.oid = i.indexrelid
   join pg_namespace n on n.oid = c.relnamespace
   where i.indexrelid = any($1::oid[])`,
);

/** Of plain indexes and of those of constraints alike; the parent becomes valid with the last one. */
export const indexAttachments = laterReader(
  'pg_class',
  RANK.indexAttach,
  `select t.oid::int8 as oid,
     array(select format('ALTER INDEX %I.%I ATTACH PARTITION %I.%I', pn.nspname, p.relname, n.nspname, c.relname)
       from pg_index x
       join pg_inherits h on h.inhparent = x.indexrelid
       join pg_class p on p.oid = h.inhparent
       join pg_namespace pn on pn.oid = p.relnamespace
       join pg_class c on c.oid = h.inhrelid
       join pg_namespace n on n.oid = c.relnamespace
       where x.indrelid = t.oid
       order by p.relname collate "C", n.nspname collate "C", c.relname collate "C") as sql,
     array(select 'pg_class:' || i.oid
       from pg_index x
       join pg_inherits h on h.inhparent = x.indexrelid
       cross join lateral (values (h.inhparent), (h.inhrelid)) i (oid)
       where x.indrelid = t.oid) as needs
   from pg_class t
   where t.oid = any($1::oid[])
   and t.relkind = 'p'`,
);

/** What a table does with one of its indexes: clusters on it, identifies its rows by it to subscribers. */
export const indexUses = laterReader(
  'pg_class',
  RANK.indexUse,
  `select i.indrelid::int8 as oid, array[
       case when bool_or(i.indisclustered) then format('ALTER TABLE %s CLUSTER ON %I', i.indrelid::regclass,
         max(c.relname) filter (where i.indisclustered)) end,
       case when bool_or(i.indisreplident) then format('ALTER TABLE ONLY %s REPLICA IDENTITY USING INDEX %I', i.indrelid::regclass,
         max(c.relname) filter (where i.indisreplident)) end
     ] as sql,
     array_agg('pg_class:' || i.indexrelid) as needs
   from pg_index i
   join pg_class c on c.oid = i.indexrelid
   where i.indrelid = any($1::oid[])
   and (i.indisclustered or i.indisreplident)
   group by i.indrelid`,
);

export const statistics = reader(
  'pg_statistic_ext',
  RANK.statistics,
  `select s.oid::int8 as oid, array[
     pg_get_statisticsobjdef(s.oid),
     case when s.stxstattarget >= 0 then format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, s.stxstattarget) end
   ] as sql
   from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
   where s.oid = any($1::oid[])`,
);
