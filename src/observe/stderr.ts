/**
 * Writes lines without ever stopping the event loop, and so the batches, for a reader that stands still. A library's stream is not used:
 * on a full disk the tried ones write the same bytes again for ever, and keep the process from ending.
 */
import { write, writeSync } from 'node:fs';

export interface LineWriter {
  write(line: string): void;
  /** Writes what waits, at once, as far as the reader takes it. Never throws, never waits longer than a second. */
  flushSync(): void;
}

/** What may wait in memory, in characters; beyond it lines are dropped. */
const MAX_WAITING = 4 * 1024 * 1024;
const RETRY_MS = 100;
const STUCK_MS = 1_000;

export function lineWriter(fd: number): LineWriter {
  let waiting: string[] = [];
  let size = 0;
  let rest: Buffer | null = null;
  /** Since when a write is under way; null where none is. */
  let writingSince: number | null = null;

  const next = (): Buffer | null => {
    if (rest !== null || waiting.length === 0) return rest;
    rest = Buffer.from(waiting.join(''));
    waiting = [];
    size = 0;
    return rest;
  };
  const took = (bytes: number): void => {
    rest = rest === null || bytes >= rest.length ? null : rest.subarray(bytes);
  };
  const pump = (): void => {
    const chunk = writingSince === null ? next() : null;
    if (chunk === null) return;
    writingSince = performance.now();
    write(fd, chunk, (error, bytes) => {
      writingSince = null;
      if (error === null) took(bytes);
      // A full pipe is tried again, by a timer that keeps no process alive; anything else (full disk, reader gone) loses the lines.
      else if (error.code === 'EAGAIN') return void setTimeout(pump, RETRY_MS).unref();
      else rest = null;
      pump();
    });
  };
  const flushSync = (): void => {
    // These bytes are in the hands of the system: were they written again, they would stand there twice.
    if (writingSince !== null) {
      if (performance.now() - writingSince > STUCK_MS) return;
      rest = null;
    }
    for (let chunk = next(); chunk !== null; chunk = next()) took(writeNow(fd, chunk));
  };
  process.once('exit', flushSync);
  return {
    write: (line) => {
      if (size + line.length > MAX_WAITING) return;
      waiting.push(line);
      size += line.length;
      pump();
    },
    flushSync,
  };
}

/** @returns how many bytes are done with: all of them where the reader takes none */
function writeNow(fd: number, chunk: Buffer): number {
  try {
    return writeSync(fd, chunk);
  } catch {
    return chunk.length;
  }
}
