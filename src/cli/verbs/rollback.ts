import type { Bellows, PlainRunOptions } from '#api';
import { EXIT } from '#core/errors';
import { duration, wholeNumber } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { confirm } from '../confirm.js';
import { UsageError } from '../errors.js';
import { interruptible } from '../interrupt.js';
import { narrate } from '../narrate.js';
import { narratePlain } from '../narrate-plain.js';
import { outcome } from '../outcome.js';
import { outcomeLines } from '../render/up-result.js';

export const rollback: Verb = (parent, action) => {
  parent
    .command('rollback [id]')
    .summary('take back the newest migration, or several')
    .description(
      'A phased migration, before contract: removes triggers, marker, new columns, indexes and constraints, in the safe order, and leaves the old shape true. A plain one: runs its down block, where it has one. Without an id: the newest. It asks on a terminal, and needs --yes elsewhere.',
    )
    .option('--steps <n>', 'the newest n')
    .option('--to <version>', 'all that are newer than this version')
    .option('--lock-wait <duration>', 'how long another runner of plain SQL is waited for (default: 10m)')
    .addHelpText('after', '\nExample:\n  $ bellows rollback 20240102150000_split_user_name --yes')
    .action(action(run));
};

type Target = Parameters<Bellows['rollbackMany']>[0];

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const target = targetOf(invocation);
  const lockWaitMs = duration(invocation.text('lockWait'), '--lock-wait');
  const options = { onNotice: cli.note, ...(lockWaitMs === undefined ? {} : { lockWaitMs }) };
  return cli.connected(
    (bellows) =>
      target === null ? one(cli, bellows, invocation.args[0], options) : many(cli, bellows, target, options),
    [narrate(cli), narratePlain(cli)],
  );
}

function targetOf(invocation: Invocation): Target | null {
  const steps = wholeNumber(invocation.text('steps'), '--steps');
  const to = invocation.text('to');
  if ([steps, to, invocation.args[0]].filter((given) => given !== undefined).length > 1)
    throw new UsageError('Of an id, --steps and --to only one can be meant.', 'bellows rollback --help');
  if (steps !== undefined) return { steps };
  return to === undefined ? null : { to };
}

/** Of a phased migration, and of a plain one, which simply waits to be applied again. */
const TAKEN_BACK: readonly string[] = ['rolled_back', 'pending'];

const WHAT =
  'Of a phased migration it drops the new columns, with what was written only there; of a plain one it runs the down block. The migration can be run again later.';

async function one(
  cli: Cli,
  bellows: Bellows,
  named: string | undefined,
  options: PlainRunOptions,
): Promise<number> {
  // What the question names is what is rolled back, whatever begins meanwhile.
  const id = named ?? (cli.yes ? undefined : await newest(bellows));
  const doing = id === undefined ? 'roll back the newest migration' : `roll back ${id}`;
  await confirm(cli, doing, async () => ({ what: WHAT }));
  return outcome(cli, TAKEN_BACK, (signal) => bellows.rollback(id, { ...options, signal }));
}

async function many(cli: Cli, bellows: Bellows, target: Target, options: PlainRunOptions): Promise<number> {
  const doing =
    'steps' in target
      ? `roll back the newest ${target.steps}`
      : `roll back all that is newer than ${target.to}`;
  await confirm(cli, doing, async () => ({ what: WHAT }));
  const migrations = await interruptible(cli.io, ({ signal }) =>
    bellows.rollbackMany(target, { ...options, signal }),
  );
  cli.answer({ migrations }, () => migrations.flatMap((status) => outcomeLines(status, cli.view)));
  return migrations.every(({ state }) => TAKEN_BACK.includes(state)) ? EXIT.done : EXIT.condition;
}

async function newest(bellows: Bellows): Promise<string | undefined> {
  const { migrations } = await bellows.status();
  return migrations.findLast(
    ({ kind, state }) => !['pending', 'rolled_back'].includes(state) && (kind === 'sql' || state !== 'done'),
  )?.id;
}
