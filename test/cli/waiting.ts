/** Run as a process by a test: the real streams and signals, and a Bellows that works until it is told to stop. */
import { runCli } from '#cli/run';
import { processIo } from '#cli/terminal';
import { unreachable } from './outside.js';
import { backfilling, upResult } from './samples.js';

process.exitCode = await runCli(process.argv.slice(2), processIo(), async () => ({
  ...unreachable(),
  close: async () => undefined,
  up: async ({ signal, onProgress } = {}) => {
    onProgress?.({ migrations: [backfilling] });
    await aborted(signal);
    return upResult([backfilling], false);
  },
  // One that does not listen: only the second signal ends it.
  verify: async (_, options) => {
    options?.onProgress?.(0, 1);
    await aborted(options?.signal);
    process.stderr.write('asked to stop\n');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    throw new Error('nobody ended it');
  },
}));

/** A signal alone keeps no process alive. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  return new Promise((resolve) =>
    signal?.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    }),
  );
}
