/**
 * Which tables and columns a text of SQL may touch, on the safe side: every word of it, also those inside of function bodies and
 * DO blocks. A word too many makes a migration wait that need not; one too few would let it change what another one is moving.
 */

import type { SqlMigration } from '#core/sql-migration';
import { isTree, unwrap } from '#parser/parse';
import { type SqlToken, scan } from '#parser/scan';
import { type SqlStatement, splitStatements } from '#parser/split';

export interface Mentions {
  /** Identifiers as the catalogue spells them, and the words of string constants. */
  readonly words: ReadonlySet<string>;
  /** The relations that it names, without their schemas. */
  readonly tables: readonly string[];
  /** Whether a statement changes a table as a whole, whatever columns it names. */
  readonly wholeTable: boolean;
}

/** Of the up block. `loadParser()` must have been awaited. @throws SqlSyntaxError */
export function mentionsOf({ up }: SqlMigration): Mentions {
  const statements = splitStatements(up.text);
  return {
    words: new Set(scan(up.text).flatMap(wordsOfToken)),
    tables: tablesIn(statements),
    wholeTable: statements.some(changesWholeTable),
  };
}

function wordsOfToken({ kind, text }: SqlToken): readonly string[] {
  if (kind === 'identifier' && text.startsWith('"')) return [text.slice(1, -1).replaceAll('""', '"')];
  if (kind === 'identifier' || kind === 'keyword') return [text.toLowerCase()];
  return kind === 'other' && /^(?:'|\$|E'|e'|U&)/.test(text)
    ? [...text.matchAll(/[\p{L}_][\p{L}\p{N}_$]*/gu)].flatMap(([word]) => [word, word.toLowerCase()])
    : [];
}

/** The relations that statements name. */
export function tablesIn(statements: readonly SqlStatement[]): readonly string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    if (!isTree(value)) return;
    if (typeof value.relname === 'string' && 'relpersistence' in value) found.add(value.relname);
    for (const child of Object.values(value)) visit(child);
  };
  for (const { node, kind } of statements) {
    visit(node);
    // DROP names what it drops as lists of strings.
    if (kind === 'DropStmt')
      for (const [, name] of JSON.stringify(node).matchAll(/"sval":"([^"]+)"/g)) found.add(name ?? '');
  }
  return [...found].sort();
}

function changesWholeTable({ node }: SqlStatement): boolean {
  const [kind, tree] = unwrap(node);
  if (!isTree(tree)) return false;
  if (kind === 'DropStmt') return !/_(INDEX|TRIGGER|POLICY|RULE)$/.test(String(tree.removeType));
  if (kind === 'RenameStmt') return tree.renameType === 'OBJECT_TABLE' || tree.renameType === 'OBJECT_SCHEMA';
  if (kind === 'AlterTableStmt')
    return /AT_(Attach|Detach)Partition|AT_AddInherit|AT_DropInherit/.test(JSON.stringify(tree.cmds));
  return ['TruncateStmt', 'CreateTrigStmt', 'AlterObjectSchemaStmt', 'ClusterStmt', 'RuleStmt'].includes(
    kind,
  );
}
