/** The command line as a function: arguments in, exit code out. */
import { CommanderError } from 'commander';
import { type BellowsError, errorDocument } from '#core/errors';
import { packageVersion } from '#project/package-version';
import type { Action } from './cli.js';
import { createCli, invocationOf } from './cli.js';
import { InterruptedError } from './errors.js';
import { exitOfSignal } from './interrupt.js';
import type { Connect, Io } from './io.js';
import { createProgram } from './program.js';
import { asBellowsError, errorLines } from './render/error.js';
import { errorAnnotation } from './render/error-annotation.js';
import { PLAIN, paintFor } from './render/paint.js';
import { type Mask, maskFor } from './render/secrets.js';
import { stepSummary } from './step-summary.js';
import { usageError } from './usage.js';
import { wantedVerbs } from './wanted-verbs.js';

/**
 * Runs one command. Never throws: what goes wrong is said on stderr (with `--json` on stdout) and in the exit code.
 *
 * @param argv without the interpreter and the script
 * @param connect called once the arguments are understood, and not at all where no database is needed
 */
export async function runCli(argv: readonly string[], io: Io, connect: Connect): Promise<number> {
  let exit = 0;
  const action: Action = (work) =>
    async function () {
      const invocation = invocationOf(this);
      exit = (await work(createCli(io, invocation, connect), invocation)) ?? 0;
    };
  const program = createProgram(io, packageVersion(), action, await wantedVerbs(argv));
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    const commands = program.commands.map((command) => command.name());
    const usage = error instanceof CommanderError ? usageError(error, argv, commands) : error;
    return usage === null ? 0 : report(usage, argv, io, verbOf(argv, commands));
  }
}

function verbOf(argv: readonly string[], commands: readonly string[]): string {
  return argv.find((arg) => commands.includes(arg)) ?? '';
}

/** Says what went wrong, on `io`; returns the exit code that it leads to. */
export function report(error: unknown, argv: readonly string[], io: Io, verb: string): number {
  const mask = maskFor(argv, io.env);
  const known = asBellowsError(error);
  if (argv.includes('--json')) io.stdout.write(`${JSON.stringify(errorDocument(known, mask), null, 2)}\n`);
  else io.stderr.write(`${errorLines(known, mask, paintOf(argv, io)).join('\n')}\n`);
  stepSummary(io, verb, errorLines(known, mask, PLAIN));
  if (io.env.GITHUB_ACTIONS === 'true') io.stderr.write(`${errorAnnotation(known, mask, io)}\n`);
  if (io.env.DEBUG === 'bellows') io.stderr.write(`${stackOf(error, known, mask)}\n`);
  return known instanceof InterruptedError ? exitOfSignal(known.signal, known.exit) : known.exit;
}

function paintOf(argv: readonly string[], { env, stderr }: Io) {
  return paintFor(stderr.isTTY === true && !env.NO_COLOR && !argv.includes('--no-color'));
}

function stackOf(error: unknown, known: BellowsError, mask: Mask): string {
  return mask((error instanceof Error ? error.stack : undefined) ?? known.stack ?? '');
}
