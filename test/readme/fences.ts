export interface Fence {
  readonly language: string;
  readonly text: string;
  /** Of its first line inside, counted from 1. */
  readonly line: number;
}

/** The fenced blocks of a Markdown text, in order. */
export function fences(markdown: string): readonly Fence[] {
  const found: Fence[] = [];
  let open: { language: string; lines: string[]; line: number } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    const language = /^```(\S*)/.exec(line)?.[1];
    if (language === undefined) {
      open?.lines.push(line);
    } else if (open === null) {
      open = { language, lines: [], line: index + 2 };
    } else {
      found.push({ language: open.language, text: open.lines.join('\n'), line: open.line });
      open = null;
    }
  }
  if (open !== null) throw new Error(`The block that begins before line ${open.line} has no end.`);
  return found;
}
