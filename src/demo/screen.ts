/** Where the demo tells its story: lines that stay, and on a terminal a few below them that are drawn over. */
import type { WriteStream } from 'node:tty';

export interface Screen {
  /** A line that stays, with the seconds since the start. */
  say(text: string): void;
  /** Lines that stay, as they are. */
  block(lines: readonly string[]): void;
  /** What is now: drawn over on a terminal; elsewhere one line every five seconds. */
  live(lines: readonly string[]): void;
}

const PIPE_EVERY_MS = 5_000;
/** The terminal's own words: so many lines up to the first column, and clear from there. */
const over = (lines: number) => (lines === 0 ? '' : `\u001b[${lines}F\u001b[0J`);

export function createScreen(stream: NodeJS.WriteStream, began = Date.now()): Screen {
  return stream.isTTY ? terminal(stream, began) : pipe(stream, began);
}

function terminal(stream: WriteStream, began: number): Screen {
  let drawn: readonly string[] = [];
  const draw = (kept: readonly string[], live: readonly string[]) => {
    // A line that wraps would count as two.
    const fitting = live.map((line) => [...line].slice(0, stream.columns - 1).join(''));
    stream.write(over(drawn.length) + [...kept, ...fitting].map((line) => `${line}\n`).join(''));
    drawn = fitting;
  };
  return {
    say: (text) => draw([stamped(text, began)], drawn),
    block: (lines) => draw(lines, []),
    live: (lines) => draw([], lines),
  };
}

function pipe(stream: NodeJS.WriteStream, began: number): Screen {
  let last = 0;
  return {
    say: (text) => {
      stream.write(`${stamped(text, began)}\n`);
    },
    block: (lines) => {
      stream.write(lines.map((line) => `${line}\n`).join(''));
    },
    live: (lines) => {
      if (Date.now() - last < PIPE_EVERY_MS) return;
      last = Date.now();
      stream.write(`${stamped(lines.join(' · '), began)}\n`);
    },
  };
}

function stamped(text: string, began: number): string {
  return `${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${text}`;
}
