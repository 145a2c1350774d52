import { RANK } from '../object.js';
import { reader } from '../reader.js';

/** With their indexes; what the index is built with is no part of the definition that the server gives. */
export const keys = reader(
  'pg_constraint',
  RANK.key,
  `select k.oid::int8 as oid, array['pg_class:' || k.conindid] as owns,
     array[format('ALTER TABLE ONLY %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)),
       (select format('ALTER INDEX %I.%I SET (%s)', n.nspname, i.relname,
           string_agg(format('%I=%L', option_name, option_value), ', '))
         from pg_class i, pg_options_to_table(i.reloptions)
         where i.oid = k.conindid
         group by i.relname)] as sql
   from pg_constraint k
   join pg_class c on c.oid = k.conrelid
   join pg_namespace n on n.oid = c.relnamespace
   where k.oid = any($1::oid[])
   and k.contype in ('p', 'u', 'x')`,
);

/** One of a partitioned table is always its partitions' too, and comes with their copies: ONLY is refused there. */
export const foreignKeys = reader(
  'pg_constraint',
  RANK.foreignKey,
  `select k.oid::int8 as oid,
     array(
       with recursive copies (oid) as (
         select c.oid from pg_constraint c where c.conparentid = k.oid
         union all
         select c.oid from pg_constraint c join copies on c.conparentid = copies.oid
       )
       select 'pg_constraint:' || oid from copies
     ) as owns,
     array[format('ALTER TABLE %s%I.%I ADD CONSTRAINT %I %s',
     case when c.relkind = 'p' then '' else 'ONLY ' end, n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid))] as sql
   from pg_constraint k
   join pg_class c on c.oid = k.conrelid
   join pg_namespace n on n.oid = c.relnamespace
   where k.oid = any($1::oid[])
   and k.contype = 'f'`,
);
