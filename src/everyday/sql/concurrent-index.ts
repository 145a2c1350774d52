import { quoteTable } from '#core/identifier';
import { isTree, unwrap } from '#parser/parse';
import type { SqlStatement } from '#parser/split';
import type { Session } from '#ports';

export interface BuiltIndex {
  /** Quoted, with its schema. */
  readonly name: string;
  readonly valid: boolean;
}

/** The index of a `create index concurrently` that was begun: one that failed is left invalid. Null where there is none. */
export async function concurrentIndex(session: Session, { node }: SqlStatement): Promise<BuiltIndex | null> {
  const [kind, tree] = unwrap(node);
  if (kind !== 'IndexStmt' || !isTree(tree) || tree.concurrent !== true || !isTree(tree.relation))
    return null;
  const [found] = await session.query<{ schema: string; name: string; valid: boolean }>(
    `select n.nspname as schema, i.relname as name, x.indisvalid as valid
     from pg_catalog.pg_index x
     join pg_catalog.pg_class i on i.oid = x.indexrelid
     join pg_catalog.pg_class t on t.oid = x.indrelid
     join pg_catalog.pg_namespace n on n.oid = i.relnamespace
     where t.relname = $1
     and (n.nspname = $3 or $3::text is null)
     and case when $2::text is null then not x.indisvalid else i.relname = $2 end
     order by i.oid desc
     limit 1`,
    [tree.relation.relname, tree.idxname ?? null, tree.relation.schemaname ?? null],
  );
  return found === undefined ? null : { name: quoteTable(found), valid: found.valid };
}
