import { type SqlToken, scan } from './scan.js';

/**
 * The tokens that a checksum is made of: comments and white space dropped, keywords and unquoted identifiers in lower
 * case, everything else exactly as written. Hash them as a list: joined with nothing between, `a b` and `ab` are equal.
 *
 * @throws SqlSyntaxError
 */
export function tokensOf(sql: string): readonly string[] {
  return scan(sql).filter(isCode).map(folded);
}

export function isCode(token: SqlToken): boolean {
  return token.kind !== 'comment';
}

/** PostgreSQL folds only ASCII letters in a UTF-8 database, so `toLowerCase` would make distinct names equal. */
function folded(token: SqlToken): string {
  if (token.kind !== 'keyword' && token.kind !== 'identifier') return token.text;
  if (token.text.startsWith('"')) return token.text;
  return token.text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
