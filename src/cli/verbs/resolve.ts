import type { Resolution } from '#api';
import { argument, duration } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { UsageError } from '../errors.js';
import { interruptible } from '../interrupt.js';
import { narratePlain } from '../narrate-plain.js';
import { outcomeLines } from '../render/up-result.js';

export const resolve: Verb = (parent, action) => {
  parent
    .command('resolve <id>')
    .summary('end a plain SQL migration that stopped half-way')
    .description(
      'A file that is one transaction never stops half-way. One with CONCURRENTLY, or with transaction:false, may: then say how it ends. --applied also takes a pending file for applied without running it, and an edited one for what it is now.',
    )
    .option('--continue', 'go on from the statement that it stopped at')
    .option('--applied', 'it was finished by hand, or is applied as it is')
    .option('--rolled-back', 'it was taken back by hand: it is pending again')
    .option('--reason <text>', 'why, for the history')
    .option('--lock-wait <duration>', 'how long another runner of plain SQL is waited for (default: 10m)')
    .addHelpText('after', '\nExample:\n  $ bellows resolve 20240201100000_add_status --continue')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const how = resolutionOf(invocation);
  const reason = invocation.text('reason');
  const lockWaitMs = duration(invocation.text('lockWait'), '--lock-wait');
  await interruptible(cli.io, ({ signal }) =>
    cli.connected(
      async (bellows) => {
        const status = await bellows.resolve(argument(invocation, 0), how, {
          ...{ signal, onNotice: cli.note },
          ...(reason === undefined ? {} : { reason }),
          ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
        });
        cli.answer(status, () => outcomeLines(status, cli.view));
      },
      [narratePlain(cli)],
    ),
  );
  return undefined;
}

function resolutionOf(invocation: Invocation): Resolution {
  const given = [
    ...(invocation.flag('continue') ? (['continue'] as const) : []),
    ...(invocation.flag('applied') ? (['applied'] as const) : []),
    ...(invocation.flag('rolledBack') ? (['rolled-back'] as const) : []),
  ];
  const [how] = given;
  if (how !== undefined && given.length === 1) return how;
  throw new UsageError(
    'It does not say how the migration ends.',
    'Say one of --continue, --applied and --rolled-back.',
  );
}
