import { duration } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { interruptible } from '../interrupt.js';

export const wait: Verb = (parent, action) => {
  parent
    .command('wait')
    .summary('wait until the server answers')
    .description(
      'Waits until the server of the database answers, also one that is still starting; exit 3 when the time is over. Whether the database exists is not asked. What waiting cannot cure, such as a wrong password, ends it at once.',
    )
    .option('--timeout <duration>', 'how long (default: DBMATE_WAIT_TIMEOUT, else 60s)')
    .option('--interval <duration>', 'between attempts (default: DBMATE_WAIT_INTERVAL, else 1s)')
    .addHelpText('after', '\nExample:\n  $ bellows wait --timeout 30s')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const timeoutMs = duration(invocation.text('timeout'), '--timeout');
  const intervalMs = duration(invocation.text('interval'), '--interval');
  await interruptible(cli.io, ({ signal }) =>
    cli.connected(
      async (bellows) => {
        await bellows.wait({
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          ...(intervalMs === undefined ? {} : { intervalMs }),
          signal,
        });
        const { place } = bellows.target;
        cli.answer({ place, ready: true }, () => [`The server at ${place} answers.`]);
      },
      [],
      { wait: false },
    ),
  );
  return undefined;
}
