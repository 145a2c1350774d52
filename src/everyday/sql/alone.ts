/**
 * Statements that PostgreSQL refuses inside a transaction block: those whose implementation calls
 * PreventInTransactionBlock (PostgreSQL manual, the Notes of each command).
 */
import { isTree, type Tree, unwrap } from '#parser/parse';
import type { SqlStatement } from '#parser/split';

const ALWAYS = new Set([
  'CreatedbStmt',
  'DropdbStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterSystemStmt',
  'CreateSubscriptionStmt',
  'DropSubscriptionStmt',
  'AlterSubscriptionStmt',
]);

const SOMETIMES: Readonly<Record<string, (tree: Tree) => boolean>> = {
  IndexStmt: ({ concurrent }) => concurrent === true,
  DropStmt: ({ concurrent }) => concurrent === true,
  ReindexStmt: ({ kind, params }) =>
    /_(SCHEMA|SYSTEM|DATABASE)$/.test(String(kind)) || names(params).includes('concurrently'),
  // ANALYZE has the same tree, and may run anywhere.
  VacuumStmt: ({ is_vacuumcmd }) => is_vacuumcmd === true,
  ClusterStmt: ({ relation }) => relation === undefined,
  DiscardStmt: ({ target }) => target === undefined || target === 'DISCARD_ALL',
  AlterDatabaseStmt: ({ options }) => names(options).includes('tablespace'),
  AlterTableStmt: ({ cmds }) => listOf(cmds).some(detachesConcurrently),
};

export function runsAlone({ node }: SqlStatement): boolean {
  const [kind, tree] = unwrap(node);
  return ALWAYS.has(kind) || (isTree(tree) && SOMETIMES[kind]?.(tree) === true);
}

/** `create index concurrently`: what it leaves behind when it fails is an invalid index. Null for anything else. */

function detachesConcurrently(command: unknown): boolean {
  return (
    /"subtype":"AT_DetachPartition"/.test(JSON.stringify(command)) &&
    /"concurrent":true/.test(JSON.stringify(command))
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The names of a list of options. */
function names(list: unknown): readonly string[] {
  return listOf(list).flatMap((item) => {
    const option = isTree(item) ? item.DefElem : undefined;
    return isTree(option) && typeof option.defname === 'string' ? [option.defname] : [];
  });
}
