#!/usr/bin/env node
/** The command `bellows`. */
import { EXIT } from '#core/errors';
import { endedWhileLoading } from '#project/being-loaded';
import { report, runCli } from './run.js';
import { surviveStrayErrors } from './stray-errors.js';
import { processIo } from './terminal.js';

/** How long what was left open may keep the process alive after the answer was given. */
const LINGER_MS = 2_000;
/** The exit code that Node gives a process whose entry still awaits when nothing is left that could go on. */
const UNSETTLED = 13;
/** Ended by a second Ctrl-C. */
const INTERRUPTED = 130;

// `bellows status | head` closes the pipe early; that is no failure. An answer that cannot be written is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`The answer could not be written: ${error.message}. [BELLOWS_OUTPUT]\n`);
  process.exit(EXIT.operation);
});
// What is said on stderr is for whoever looks on: a full disk or a log collector that went away must not end a run.
process.stderr.on('error', () => undefined);

surviveStrayErrors((text) => process.stderr.write(text));

const argv = process.argv.slice(2);
const io = processIo();
let answered = false;
// A file of the project that awaits for ever, or ends the process, would end the command without a word.
process.on('exit', () => {
  if (answered || process.exitCode === INTERRUPTED) return;
  const ended = endedWhileLoading(process.exitCode === UNSETTLED);
  if (ended !== null) process.exitCode = report(ended, argv, io, argv[0] ?? '');
});

const exit = await runCli(argv, io, async (options) => {
  // Loaded when something is to be connected to: help and usage errors answer at once.
  const { createBellows } = await import('#main');
  return createBellows(options);
});
answered = true;
process.exitCode = exit;
setTimeout(() => process.exit(), LINGER_MS).unref();
