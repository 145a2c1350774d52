/** What can be told of comments without the parser: a thousand files are read for a status, and none of them is parsed. */

const LONGEST = 200;

export function isComment(line: string): boolean {
  return /^\s*--/.test(line);
}

/** True where only comments and white space stand. */
export function isOnlyComments(text: string): boolean {
  return withoutBlocks(text)
    .split('\n')
    .every((line) => isComment(line) || line.trim() === '');
}

/** The comment that a file begins with, directives and the file's own name left out, on one line. */
export function commentAtTop(source: string): string | null {
  const words: string[] = [];
  for (const line of source.split('\n')) {
    if (!isComment(line) && (line.trim() !== '' || words.length > 0)) break;
    const text = line.replace(/^\s*--+/, '').trim();
    if (text !== '' && !/^migrate:/.test(text) && !/^\S+\.sql$/.test(text)) words.push(text);
  }
  const text = words.join(' ');
  return text === '' ? null : text.slice(0, LONGEST);
}

/** Block comments nest in PostgreSQL. */
function withoutBlocks(text: string): string {
  let depth = 0;
  let kept = '';
  for (const piece of text.split(/(\/\*|\*\/)/)) {
    if (piece === '/*') depth += 1;
    else if (piece === '*/' && depth > 0) depth -= 1;
    else if (depth === 0) kept += piece;
  }
  return kept;
}
