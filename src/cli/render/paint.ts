/** Colour that only stresses what the words already say. */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Paint = { readonly [name in keyof typeof CODES]: (text: string) => string };

export function paintFor(colour: boolean): Paint {
  const brush = (name: keyof typeof CODES) => (text: string) =>
    colour && text !== '' ? `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m` : text;
  return {
    bold: brush('bold'),
    dim: brush('dim'),
    red: brush('red'),
    green: brush('green'),
    yellow: brush('yellow'),
    cyan: brush('cyan'),
  };
}

export const PLAIN = paintFor(false);

/** The colour of a state; a state that needs somebody stands out. */
export function paintState(paint: Paint, word: string): string {
  if (/^failed/i.test(word)) return paint.red(word);
  if (/^(paused|rolled)/i.test(word)) return paint.yellow(word);
  if (/^done/i.test(word)) return paint.green(word);
  return /^pending/i.test(word) ? paint.dim(word) : paint.cyan(word);
}
