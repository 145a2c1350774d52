import { wholeNumber } from '../arguments.js';
import type { Verb } from '../cli.js';
import { ready, untilStopped } from './serve.js';

export const worker: Verb = (parent, action) => {
  parent
    .command('worker')
    .summary('move rows for as long as it lives; metrics and health')
    .description(
      'Walks ranges of the backfills, in short throttled batches, until it is stopped. Run as many as wanted, on many hosts.',
    )
    .option('--slots <n>', 'ranges walked at a time by this process (default: 4)')
    .addHelpText('after', '\nExample:\n  $ bellows worker --slots 8')
    .action(
      action((cli, invocation) => {
        const slots = wholeNumber(invocation.text('slots'), '--slots');
        const how = slots === undefined ? {} : { slots };
        return untilStopped(cli, (signal) =>
          cli.connected((bellows) =>
            bellows.worker({ ...how, signal, onReady: (at) => ready(cli, 'working', at.metrics) }),
          ),
        );
      }),
    );
};
