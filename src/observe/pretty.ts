/** Log lines for a person at a terminal: time, level, migration, words. What only machines want is left out. */
import { styleText } from 'node:util';
import { z } from 'zod';

const entry = z.object({
  level: z.string(),
  time: z.string(),
  migration: z.string().optional(),
  msg: z.string().default(''),
});

const STYLES = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;

/** One JSON line of the logger as a line for people; a line that is none is passed on as it is. */
export function prettyLine(line: string, colour: boolean): string {
  const { level, time, migration, msg } = read(line) ?? { level: '', time: '', msg: line.trimEnd() };
  const clock = time.slice(11, 19);
  const style = level in STYLES ? STYLES[level as keyof typeof STYLES] : 'reset';
  const word = level.toUpperCase().padEnd(5);
  const parts = [
    colour ? styleText('dim', clock, { validateStream: false }) : clock,
    colour ? styleText(style, word, { validateStream: false }) : word,
    ...(migration === undefined
      ? []
      : [colour ? styleText('bold', migration, { validateStream: false }) : migration]),
    // A line break in a message would look like a line of its own.
    msg.replaceAll(/\s*[\r\n]+\s*/g, ' · '),
  ];
  return `${parts.filter((part) => part.trim() !== '').join('  ')}\n`;
}

function read(line: string): z.infer<typeof entry> | null {
  try {
    return entry.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
