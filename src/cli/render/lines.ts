/** Lines of text that keep to a width. */

/** Breaks at spaces; a word longer than a line (an id, a command) stays in one piece, so that it can be copied. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, width));
}

function wrapLine(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line.trimEnd());
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line.trimEnd()];
}

/** The text behind a first line's beginning, its further lines below its own first one. */
export function hanging(
  start: string,
  text: string,
  width: number,
  paint = (line: string) => line,
): readonly string[] {
  const indent = ' '.repeat(start.length);
  return wrap(text, Math.max(20, width - start.length)).map(
    (line, i) => (i === 0 ? start : indent) + paint(line),
  );
}

const LABEL = 10;

/** `  speed     18,240 rows/s`: one fact of a screen. */
export function field(
  label: string,
  text: string,
  width: number,
  paint = (line: string) => line,
): readonly string[] {
  return hanging(`  ${label.padEnd(LABEL)}`, text, width, paint);
}

export function indented(text: string, by: number): readonly string[] {
  return text.split('\n').map((line) => (line === '' ? '' : ' '.repeat(by) + line));
}

/** Cuts to a width; for what is redrawn in place and must not wrap. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Rows in columns, as wide as their widest cell; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** `[##########----------]`; what is not finished is never full. */
export function bar(share: number, width: number): string {
  const full = share >= 1 ? width : Math.min(width - 1, Math.floor(share * width));
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
}
