import { EXIT } from '#core/errors';
import type { Cli, Verb } from '../cli.js';
import { exitOfSignal, interruptible } from '../interrupt.js';

export const serve: Verb = (parent, action) => {
  parent
    .command('serve')
    .summary('lead runs for as long as it lives; web page, metrics and health')
    .description(
      'Leads, reconciles, and serves the web page with its API (127.0.0.1:8484), metrics and health (127.0.0.1:9484) until it is stopped. Run as many as wanted: one leads, the others follow.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows serve --env production')
    .action(
      action((cli) =>
        untilStopped(cli, (signal) =>
          cli.connected((bellows) =>
            bellows.serve({
              signal,
              onReady: ({ page, metrics }) =>
                cli.answer({ ready: 'serving', page, metrics }, () => [
                  `serving; page and API on ${page}`,
                  `metrics and health on ${metrics}`,
                ]),
            }),
          ),
        ),
      ),
    );
};

export function ready(cli: Cli, what: string, metrics: string): void {
  cli.answer({ ready: what, metrics }, () => [`${what}; metrics and health on ${metrics}`]);
}

/** A process that has no end of its own: the signal that stops it is its normal end. */
export async function untilStopped(cli: Cli, work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  return interruptible(cli.io, async (interrupt) => {
    await work(interrupt.signal);
    const stopped = interrupt.received();
    return stopped === null ? EXIT.done : exitOfSignal(stopped, EXIT.done);
  });
}
