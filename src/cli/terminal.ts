import { createInterface } from 'node:readline/promises';
import type { Io, StopSignal } from './io.js';

/** The process as it is: its streams, its terminal, its signals. */
export function processIo(): Io {
  const { stdin, stdout, stderr } = process;
  return {
    stdout,
    stderr,
    isTTY: stdin.isTTY === true && stderr.isTTY === true,
    env: process.env,
    columns: stdout.columns ?? stderr.columns,
    rows: stdout.rows,
    prompt: ask,
    onSignal,
  };
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // A closed input (Ctrl-D, Ctrl-C) is an answer too: no.
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    return await Promise.race([terminal.question(question), closed]);
  } finally {
    terminal.close();
  }
}

/** The first signal asks politely; a second Ctrl-C is somebody who will not wait. */
function onSignal(listener: (signal: StopSignal) => void): () => void {
  let asked = false;
  const interrupt = () => {
    if (asked) process.exit(130);
    asked = true;
    listener('SIGINT');
  };
  const terminate = () => listener('SIGTERM');
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
  };
}
