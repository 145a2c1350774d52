import type { LockMode } from '#core/locks';
import { isTree, unwrap } from '#parser/parse';
import type { SqlStatement } from '#parser/split';
import type { Row } from '#ports';

export interface Lock {
  readonly relation: string;
  readonly mode: LockMode;
}

/** These take no lock that another writer would wait for; asking after each row of a long list of inserts would double its cost. */
const HARMLESS = new Set([
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'SelectStmt',
  'VariableSetStmt',
]);

export function mayLockTables(statement: SqlStatement): boolean {
  return !HARMLESS.has(statement.kind) && !createsAlone(statement);
}

/** A new table that refers to no other one: nobody knows it yet. */
function createsAlone({ kind, node }: SqlStatement): boolean {
  return (
    kind === 'CreateStmt' && !/"(pktable|inhRelations|partbound|TableLikeClause)"/.test(JSON.stringify(node))
  );
}

export function locksOf(rows: readonly Row[]): readonly Lock[] {
  return rows.map(({ relation, mode }) => ({ relation: String(relation), mode: mode as LockMode }));
}

/** The table locks of this transaction that writers, or other DDL, wait for. Those of a table that it creates harm nobody. */
export const LOCKS_HELD = `
select c.oid::regclass::text as relation, m.mode, c.relname as bare
from pg_catalog.pg_locks l
join (values
  ('ShareUpdateExclusiveLock', 'SHARE UPDATE EXCLUSIVE'),
  ('ShareLock', 'SHARE'),
  ('ShareRowExclusiveLock', 'SHARE ROW EXCLUSIVE'),
  ('ExclusiveLock', 'EXCLUSIVE'),
  ('AccessExclusiveLock', 'ACCESS EXCLUSIVE')
) m (name, mode) on m.name = l.mode
join pg_catalog.pg_class c on c.oid = l.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where l.pid = pg_backend_pid()
and l.locktype = 'relation'
and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
and c.relkind in ('r', 'p', 'm', 'v', 'f')
and n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema', 'bellows')
order by 1, 2`;

/** The same as one value, without those of the relation that parameter `$n` names; null: there are none. */
export function locksAsOne(n: number): string {
  return `(select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('relation', relation, 'mode', mode))
    from (${LOCKS_HELD}) held
    where bare is distinct from $${n}::text)`;
}

/** The relation that a statement creates, by its bare name; null for one that creates none. */
export function createdBy({ node }: SqlStatement): string | null {
  const [kind, tree] = unwrap(node);
  if (!isTree(tree) || !/^(CreateStmt|CreateTableAsStmt|ViewStmt|CreateForeignTableStmt)$/.test(kind))
    return null;
  const target = [tree.relation, tree.view, isTree(tree.into) ? tree.into.rel : undefined].find(isTree);
  return typeof target?.relname === 'string' ? target.relname : null;
}
