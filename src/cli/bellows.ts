#!/usr/bin/env node
/** The command `bellows`. */
import { EXIT } from '#core/errors';
import { runCli } from './run.js';
import { processIo } from './terminal.js';

/** How long what was left open may keep the process alive after the answer was given. */
const LINGER_MS = 2_000;

// `bellows status | head` closes the pipe early; that is no failure. An answer that cannot be written is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`The answer could not be written: ${error.message}. [BELLOWS_OUTPUT]\n`);
  process.exit(EXIT.operation);
});
// What is said on stderr is for whoever looks on: a full disk or a log collector that went away must not end a run.
process.stderr.on('error', () => undefined);

process.exitCode = await runCli(process.argv.slice(2), processIo(), async (options) => {
  // Loaded when something is to be connected to: help and usage errors answer at once.
  const { createBellows } = await import('#main');
  return createBellows(options);
});
setTimeout(() => process.exit(), LINGER_MS).unref();
