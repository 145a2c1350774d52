import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import type { Listener } from '#core/events';
import type { Level } from './labels.js';
import { lineOf } from './lines.js';
import { prettyLine } from './pretty.js';
import { lineWriter } from './stderr.js';

const STDERR = 2;

export interface LogOptions {
  /** The least level that is written; `silent`: none. Default: `info`. */
  readonly level?: Level | 'trace' | 'fatal' | 'silent';
  /** Lines for people; else one JSON object a line. Default: whether stderr is a terminal. */
  readonly pretty?: boolean;
  /** Default: a terminal without `NO_COLOR`. Of pretty lines only. */
  readonly colour?: boolean;
  /** Default: stderr. One that throws or errs is written to no more often than there are lines, and nobody is told. */
  readonly destination?: DestinationStream;
}

export interface Log {
  readonly listener: Listener;
  /** A line of the caller's own, e.g. that the metrics port is in use. No row values, no secrets. */
  write(level: Level, text: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Writes what is still in memory; for the end of a process. Never throws. */
  flush(): void;
}

/** One line for each event, to stderr. A full disk, a closed pipe or a stuck reader breaks no run and delays none. */
export function createLog({
  level = 'info',
  pretty = process.stderr.isTTY === true,
  colour = process.stderr.isTTY === true && !process.env.NO_COLOR,
  destination,
}: LogOptions = {}): Log {
  const out = destination ?? lineWriter(STDERR);
  const logger = pino(settings(level), pretty ? prettied(out, colour) : out);
  const write: Log['write'] = (at, text, fields = {}) => safely(() => logger[at](fields, text));
  return {
    listener: (name, payload) => {
      const { level: at, text } = lineOf(name, payload);
      write(at, text, { type: name, ...payload });
    },
    write,
    flush: () => safely(() => flushNow(out)),
  };
}

function settings(level: string) {
  return {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
}

function prettied(out: DestinationStream, colour: boolean): DestinationStream {
  return { write: (line: string) => void out.write(prettyLine(line, colour)) };
}

function flushNow(out: DestinationStream): void {
  if ('flushSync' in out && typeof out.flushSync === 'function') out.flushSync();
}

function safely(work: () => void): void {
  try {
    work();
  } catch {
    // The log is an observer: its failure is its own.
  }
}
