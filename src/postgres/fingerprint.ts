import { createHash } from 'node:crypto';
import { quoteTable, type TableName } from '#core/identifier';
import type { Session } from '#ports';
import { NOT_NULL } from './catalogue-columns.js';

/**
 * SHA-256, hex, of what the catalogue says of these tables: columns, constraints, indexes, triggers, partitions, row security
 * flags, and the bodies of trigger functions in schema `bellows`. Names and not OIDs, no statistics: a restored copy has the
 * same. A table that is not there counts as absent. In a transaction, since it sets the search_path.
 */
export async function fingerprint(tx: Session, tables: readonly TableName[]): Promise<string> {
  // Expressions and types are printed relative to the search_path, which is each connection's own.
  await tx.query('set local search_path to pg_catalog');
  const names = [...new Set(tables.map(quoteTable))].sort();
  const entries: unknown[] = [];
  for (const name of names) {
    const [row] = await tx.query(ENTRY, [name]);
    entries.push([name, row?.entry ?? null]);
  }
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}

const ENTRY = `
  select json_build_object(
    'kind', c.relkind,
    'persistence', c.relpersistence,
    'row security', json_build_array(c.relrowsecurity, c.relforcerowsecurity),
    'columns', (
      select json_agg(json_build_array(
        a.attname,
        format_type(a.atttypid, a.atttypmod),
        ${NOT_NULL},
        pg_get_expr(d.adbin, d.adrelid),
        a.attgenerated,
        a.attidentity,
        (select format('%I.%I', ln.nspname, l.collname)
          from pg_collation l
          join pg_namespace ln on ln.oid = l.collnamespace
          where l.oid = a.attcollation)
      ) order by a.attname collate "C")
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid
      and a.attnum > 0
      and not a.attisdropped
    ),
    'constraints', (
      select json_agg(json_build_array(k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated)
        order by k.conname collate "C", k.contype)
      from pg_constraint k
      where k.conrelid = c.oid
      and k.contype <> 't'
    ),
    'indexes', (
      select json_agg(json_build_array(x.relname, pg_get_indexdef(i.indexrelid), i.indisvalid)
        order by x.relname collate "C")
      from pg_index i
      join pg_class x on x.oid = i.indexrelid
      where i.indrelid = c.oid
    ),
    'triggers', (
      select json_agg(json_build_array(
        t.tgname,
        pg_get_triggerdef(t.oid),
        t.tgenabled,
        case when fn.nspname = 'bellows' then md5(f.prosrc) end
      ) order by t.tgname collate "C")
      from pg_trigger t
      join pg_proc f on f.oid = t.tgfoid
      join pg_namespace fn on fn.oid = f.pronamespace
      where t.tgrelid = c.oid
      and not t.tgisinternal
    ),
    'partitions', (
      select json_agg(p.relid::regclass::text order by p.relid::regclass::text collate "C")
      from pg_partition_tree(c.oid) p
      where p.relid <> c.oid
    )
  )::text as entry
  from pg_class c
  where c.oid = to_regclass($1)`;
