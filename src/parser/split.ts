import type { Node, RawStmt } from 'libpg-query';
import { parseStatements, unwrap } from './parse.js';
import { byteToOffset, type Position } from './positions.js';
import { type SqlToken, scan } from './scan.js';
import { isCode } from './tokens.js';

/** One statement of a text, without its semicolon and without the comments around it. */
export interface SqlStatement {
  readonly text: string;
  readonly start: Position;
  /** Just behind the last character. */
  readonly end: Position;
  /** The parser's name for it, such as `CreateStmt`, `IndexStmt`, `DoStmt`. */
  readonly kind: string;
  /** The parser's tree. Positions in it are UTF-8 bytes of the whole text: `locate` turns them into places. */
  readonly node: Node;
  readonly locate: (byte: number) => Position;
  /** The comments in front of it (since the statement before) and inside it, as written. */
  readonly comments: readonly string[];
}

/**
 * Splits a text into its statements as the server would: semicolons in literals, function bodies, `begin atomic`
 * blocks and comments do not split. A byte order mark at the start counts as white space.
 *
 * @throws SqlSyntaxError when any of it cannot be read: nothing is returned of a text that is broken further down.
 */
export function splitStatements(source: string): readonly SqlStatement[] {
  const sql = source.replace(/^\ufeff/, ' ');
  const statements = parseStatements(sql);
  if (statements.length === 0) return [];
  const offset = byteToOffset(sql);
  const place = placeFinder(sql);
  const spans = statements.map((statement) => spanOf(statement, offset, sql));
  const found = /--|\/\*/.test(sql) ? withoutComments(sql, spans) : spans.map((span) => trimmed(sql, span));
  return statements.flatMap(({ stmt }, i) => {
    const code = found[i] ?? null;
    if (stmt === undefined || code === null) return [];
    return {
      text: sql.slice(code.start, code.end),
      start: place(code.start),
      end: place(code.end),
      kind: unwrap(stmt)[0],
      node: stmt,
      locate: (byte: number) => place(offset(byte)),
      comments: code.comments,
    };
  });
}

interface Code extends Span {
  readonly comments: readonly string[];
}

/** White space as PostgreSQL's scanner has it: any other blank is a letter to it. */
const SPACE = ' \t\n\r\f\v';

/** Where there can be no comment, all but white space is code: scanning it would double the time of a thousand small files. */
function trimmed(sql: string, span: Span): Code | null {
  let { start, end } = span;
  while (start < end && SPACE.includes(sql.charAt(start))) start += 1;
  while (start < end && SPACE.includes(sql.charAt(end - 1))) end -= 1;
  return start === end ? null : { start, end, comments: [] };
}

function withoutComments(sql: string, spans: readonly Span[]): readonly (Code | null)[] {
  return tokensPerStatement(scan(sql), spans).map((tokens) => {
    const code = tokens.filter(isCode);
    const [first, last] = [code[0], code.at(-1)];
    if (first === undefined || last === undefined) return null;
    const comments = tokens.filter((token) => !isCode(token)).map(({ text }) => text);
    return { start: first.start, end: last.end, comments };
  });
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The parser leaves out the location of the first statement and the length of one that ends with the text. */
function spanOf(statement: RawStmt, offset: (byte: number) => number, sql: string): Span {
  const from = statement.stmt_location ?? 0;
  const length = statement.stmt_len ?? 0;
  return { start: offset(from), end: length === 0 ? sql.length : offset(from + length) };
}

/** A comment goes to the statement that it precedes or is in; what is left over are semicolons, and comments at the end. */
function tokensPerStatement(tokens: readonly SqlToken[], spans: readonly Span[]): readonly SqlToken[][] {
  const groups: SqlToken[][] = spans.map(() => []);
  let at = 0;
  for (const token of tokens) {
    while (at < spans.length && token.start >= (spans[at]?.end ?? 0)) at += 1;
    if (!isCode(token) || token.start >= (spans[at]?.start ?? 0)) groups[at]?.push(token);
  }
  return groups;
}

/** `positionAt` for many places of one text: the lines are counted once. */
function placeFinder(sql: string): (offset: number) => Position {
  const starts = [0];
  // Many statements on one long line must not be counted through again for each.
  const ascii = Buffer.byteLength(sql) === sql.length;
  for (let at = sql.indexOf('\n'); at >= 0; at = sql.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    const line = lastAtMost(starts, offset);
    const start = starts[line] ?? 0;
    const before = ascii ? offset - start : [...sql.slice(start, offset)].length;
    return { line: line + 1, column: before + 1, offset };
  };
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
