import type { ConstraintFacts, IndexFacts, TableFacts, TriggerFacts } from '#core/catalogue-facts';
import type { Session } from '#ports';

type RowOf<T> = T & Readonly<Record<string, unknown>>;

/** Columns of an expression are those it reads. A DROP INDEX that broke off leaves an index that is not live. */
export async function readIndexes(tx: Session, oid: number): Promise<readonly IndexFacts[]> {
  return tx.query<RowOf<IndexFacts>>(
    `select c.relname::text as name,
       array(
         select a.attname::text
         from pg_attribute a
         where a.attrelid = i.indrelid
         and a.attnum > 0
         and (
           a.attnum = any (i.indkey::int2[])
           or exists (
             select from pg_depend d
             where d.classid = 'pg_class'::regclass
             and d.objid = i.indexrelid
             and d.refclassid = 'pg_class'::regclass
             and d.refobjid = i.indrelid
             and d.refobjsubid = a.attnum
           )
         )
         order by array_position(i.indkey::int2[], a.attnum), a.attnum
       ) as columns,
       i.indisunique as "unique",
       i.indisvalid and i.indislive as valid,
       pg_get_indexdef(i.indexrelid) as definition
     from pg_index i
     join pg_class c on c.oid = i.indexrelid
     where i.indrelid = $1
     order by c.relname`,
    [oid],
  );
}

export async function readConstraints(tx: Session, oid: number): Promise<readonly ConstraintFacts[]> {
  return tx.query<RowOf<ConstraintFacts>>(
    `select k.conname::text as name,
       case k.contype
         when 'c' then 'check'
         when 'f' then 'foreign key'
         when 'u' then 'unique'
         when 'p' then 'primary key'
         when 'x' then 'exclusion'
         else 'not null'
       end as kind,
       array(
         select a.attname::text
         from unnest(k.conkey) with ordinality as u (attnum, place)
         join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
         order by u.place
       ) as columns,
       k.convalidated as validated,
       pg_get_constraintdef(k.oid) as definition
     from pg_constraint k
     where k.conrelid = $1
     and k.contype in ('c', 'f', 'u', 'p', 'x', 'n')
     order by k.conname`,
    [oid],
  );
}

/** With those that a partition has of its own. The bits of tgtype: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate, 64 instead. */
export async function readTriggers(tx: Session, oid: number): Promise<readonly TriggerFacts[]> {
  return tx.query<RowOf<TriggerFacts>>(
    `select t.tgname::text as name,
       case when t.tgtype & 64 > 0 then 'instead of' when t.tgtype & 2 > 0 then 'before' else 'after' end as timing,
       case when t.tgtype & 1 > 0 then 'row' else 'statement' end as level,
       array(
         select event
         from (values (4, 'insert'), (16, 'update'), (8, 'delete'), (32, 'truncate')) as e (bit, event)
         where t.tgtype & bit > 0
       ) as events,
       case t.tgenabled when 'O' then 'origin' when 'A' then 'always' when 'R' then 'replica' else 'disabled' end as enabled,
       t.tgisinternal as internal
     from pg_trigger t
     where t.tgrelid = $1
     or (t.tgparentid = 0 and t.tgrelid in (select relid from pg_partition_tree($1::oid)))
     order by t.tgname`,
    [oid],
  );
}

type Publication = TableFacts['publications'][number];

/**
 * Publications of the table, its schema or all tables; those of a partition or of the parent count too. The column list came
 * with 15: read through jsonb, so that one query serves every version.
 */
export async function readPublications(tx: Session, oid: number): Promise<readonly Publication[]> {
  return tx.query<RowOf<Publication>>(
    `with family as (
       select relid::oid as oid from pg_partition_tree($1::oid)
       union select relid::oid from pg_partition_ancestors($1::oid)
       union select $1::oid
     )
     select p.pubname::text as name,
       coalesce(bool_or(to_jsonb(r) ->> 'prattrs' is not null), false) as "columnList",
       bool_or(p.pubupdate) as updates
     from pg_publication p
     join pg_publication_tables t on t.pubname = p.pubname
     join pg_namespace n on n.nspname = t.schemaname
     join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
     join family on family.oid = c.oid
     left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid in (select oid from family)
     group by p.pubname
     order by p.pubname`,
    [oid],
  );
}
