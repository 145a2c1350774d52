import { library } from './load.js';
import { parseStatements, refuseNul, unreadable } from './parse.js';
import { byteToOffset } from './positions.js';

/** A token of PostgreSQL's scanner; `start` and `end` are indexes into the JavaScript string. */
export interface SqlToken {
  readonly kind: 'comment' | 'identifier' | 'keyword' | 'parameter' | 'other';
  /** Exactly as written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The tokens of a text in order, comments too. @throws SqlSyntaxError for an unterminated literal and its like. */
export function scan(sql: string): readonly SqlToken[] {
  refuseNul(sql);
  if (sql.trim() === '') return [];
  const offset = byteToOffset(sql);
  return rawTokens(sql).map((token) => {
    const [start, end] = [offset(token.start), offset(token.end)];
    const text = sql.slice(start, end);
    return { kind: kindOf(token.tokenName, token.keywordKind), text, start, end };
  });
}

function rawTokens(sql: string) {
  // The scanner's JSON does not escape control characters; a space is one byte too, and the text is taken from `sql`.
  const printable = sql.replace(/\p{Cc}/gu, (c) => (c < ' ' && !'\t\n\r'.includes(c) ? ' ' : c));
  const tokens = scanned(printable);
  // Beyond some 20 MB it answers with no tokens at all instead of an error: two such files would look equal.
  if (tokens.length === 0) throw unreadable(sql);
  return tokens;
}

function scanned(sql: string) {
  const { scanSync } = library();
  try {
    return scanSync(sql).tokens;
  } catch {
    // Its errors come without a position; the parser meets the same error, or an earlier one, and says where.
    parseStatements(sql);
    throw unreadable(sql);
  }
}

function kindOf(name: string, keyword: number): SqlToken['kind'] {
  if (name === 'SQL_COMMENT' || name === 'C_COMMENT') return 'comment';
  if (name === 'IDENT') return 'identifier';
  if (name === 'PARAM') return 'parameter';
  return keyword === 0 ? 'other' : 'keyword';
}
