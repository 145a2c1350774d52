/** Where the server says that a query is longer than this we do not care: a person only has to recognise it. */
const SHOWN = 200;

/**
 * One pass over the tokens that may hold a value, or whose quotes would confuse the search for values. The order matters:
 * comments first, since an apostrophe in one would open a string that swallows code and spits out the next string's text.
 * `\'` in a plain string means an escape or an end, depending on standard_conforming_strings: the rest is cut off.
 * An unclosed token goes on to the end, because pg_stat_activity cuts queries at track_activity_query_size.
 */
const TOKENS = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*(?:(?!/\*|\*/)[\s\S])*(?:\*/|$)|/\*[\s\S]*$)`,
    String.raw`(?<dollar>\$(?<tag>[\p{L}_][\p{L}\p{N}_]*)?\$[\s\S]*?(?:\$\k<tag>\$|$))`,
    String.raw`(?<escaped>\b[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|$))`,
    String.raw`(?<plain>(?:\b[bBxXnN]|\b[uU]&)?'(?:[^'\\]|''|\\(?!'))*(?:'|\\'[\s\S]*$|$))`,
    '(?<quoted>"(?:[^"]|"")*(?:"|$))',
    String.raw`(?<number>(?<![\p{L}\p{N}_$.])(?:\d|\.\d)[\p{L}\p{N}_.]*(?:(?<=[eE])[+-]\d+)?)`,
  ].join('|'),
  'gu',
);

/** A query as it may be shown and stored: strings and numbers as `?`, no comments, one line, at most 200 characters. */
export function withoutLiterals(query: string): string {
  const stripped = query.replaceAll(TOKENS, (token, ...rest: readonly unknown[]) => {
    const groups = rest.at(-1) as Readonly<Record<string, string | undefined>>;
    if (groups.comment !== undefined) return ' ';
    return groups.quoted === undefined ? '?' : token;
  });
  const line = stripped.replaceAll(/\s+/g, ' ').trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN - 1)}…` : line;
}
