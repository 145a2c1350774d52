import { EXIT } from '#core/errors';
import type { MigrationStatus } from '#core/status';
import type { Cli } from './cli.js';
import { exitOfSignal, interruptible } from './interrupt.js';
import { outcomeLines } from './render/up-result.js';

/** Carries out what takes one migration to one of these states, shows where it stands after, and gives the exit code for it. */
export async function outcome(
  cli: Cli,
  wanted: readonly string[],
  work: (signal: AbortSignal) => Promise<MigrationStatus>,
): Promise<number> {
  return interruptible(cli.io, async (interrupt) => {
    const status = await work(interrupt.signal);
    cli.answer(status, () => outcomeLines(status, cli.view));
    if (wanted.includes(status.state) && status.failed === null) return EXIT.done;
    if (status.failed !== null) return EXIT.operation;
    const stopped = interrupt.received();
    if (stopped === null) return EXIT.condition;
    cli.note(
      `Stopped by ${stopped}: finished steps are kept. Run the same command again, or bellows up, to go on.`,
    );
    return exitOfSignal(stopped, EXIT.condition);
  });
}
