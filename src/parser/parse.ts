import type { Node, RawStmt } from 'libpg-query';
import { SqlSyntaxError } from './errors.js';
import { library } from './load.js';
import { codePointToOffset } from './positions.js';

/**
 * The statements of a text as PostgreSQL's own tree. Positions in it are UTF-8 bytes.
 *
 * @param source what errors show and count in, where `sql` is `before` and then `source` and then anything else.
 * @throws SqlSyntaxError
 */
export function parseStatements(sql: string, source = sql, before = ''): readonly RawStmt[] {
  refuseNul(source);
  // The parser throws on an empty string, and only on it.
  if (sql === '') return [];
  const { hasSqlDetails, parseSync } = library();
  try {
    return parseSync(sql).stmts ?? [];
  } catch (error) {
    if (!hasSqlDetails(error)) throw unreadable(source);
    const at = codePointToOffset(sql, error.sqlDetails?.cursorPosition ?? 0) - before.length;
    throw new SqlSyntaxError(error.message, source, Math.min(Math.max(at, 0), source.length));
  }
}

/** The parser gives no tree, or overflows its stack, on texts beyond some 5 MB or some 5,000 levels. */
export function unreadable(sql: string): SqlSyntaxError {
  return new SqlSyntaxError('the text is too large or too deeply nested for the parser', sql, 0);
}

/** A C string ends at a NUL: without this, what follows it would be neither parsed nor hashed. */
export function refuseNul(sql: string): void {
  const nul = sql.indexOf('\0');
  if (nul >= 0) throw new SqlSyntaxError('a NUL character', sql, nul);
}

/** A node's kind and content: every node in the tree is an object with its kind as the only key. */
export function unwrap(node: Node): readonly [kind: string, content: unknown] {
  return Object.entries(node)[0] ?? ['', {}];
}

export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a list or a node stands in the text: all that may differ between two writings of the same SQL. */
const PLACES = new Set([
  'location',
  'name_location',
  'stmt_location',
  'stmt_len',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
]);

/** The tree as text without positions: equal for texts that mean the same to the parser. */
export function shapeOf(tree: unknown): string {
  return JSON.stringify(tree, (key, value: unknown) => (PLACES.has(key) ? undefined : value));
}
