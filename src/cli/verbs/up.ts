import { Option } from 'commander';
import type { Bellows, Status, UpOptions, UpResult } from '#api';
import { EXIT } from '#core/errors';
import type { MigrationStatus } from '#core/status';
import { isNamed } from '#verbs/find';
import { duration, oneOf, reasonOf, refuseAlone } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { exitOfSignal, type Interrupt, interruptible } from '../interrupt.js';
import { createLive, type Live } from '../live.js';
import { narrateQueue } from '../narrate.js';
import { narratePlain } from '../narrate-plain.js';
import { offlineSettings } from '../offline-settings.js';
import { dryRunLines } from '../render/dry-run.js';
import { upLines } from '../render/up-result.js';

const UNTIL = ['expanded', 'gated', 'done'] as const;

export const up: Verb = (parent, action) => {
  parent
    .command('up [id]')
    .summary('take migrations as far as they may go')
    .description(
      'Takes all migrations, or one, as far as they may go, with live progress. Stopping at a shut gate is its normal end: exit 0 and the list of what is missing (with --until done: exit 1). A failed run: exit 3; a paused one: exit 1. Interrupted, it finishes the batch and stops; run it again and it goes on.',
    )
    .option('--to <version>', 'migrations up to and including this version')
    .addOption(
      new Option(
        '--until <point>',
        "how far each goes (default: gated; done where the gate is 'data-only')",
      ).choices(UNTIL),
    )
    .addOption(
      new Option('--detach', 'return after expand, with the jobs queued for `bellows worker`').conflicts(
        'until',
      ),
    )
    .option('--create', 'create a missing database in production too; elsewhere it is created unasked')
    .option('--dry-run', 'print what would be done; the server itself keeps every transaction read-only')
    .option('--strict', 'refuse a plain SQL migration that is older than an applied one')
    .option('--lock-wait <duration>', 'how long another runner of plain SQL is waited for (default: 10m)')
    .option('--approve', 'approve when only the approval is missing; for development')
    .option('--reason <text>', 'why it is approved')
    .addHelpText('after', '\nExample:\n  $ bellows up --until done')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const options = optionsOf(invocation);
  if (invocation.flag('dryRun')) return dryRun(cli, options);
  const live = createLive(cli);
  return interruptible(cli.io, (interrupt) =>
    cli.connected(
      (bellows) => goUp(cli, bellows, options, live, interrupt),
      [live.listener, narrateQueue(cli), narratePlain(cli)],
    ),
  );
}

async function dryRun(cli: Cli, { migration, to }: UpOptions): Promise<number> {
  const wanted = { ...(migration === undefined ? {} : { migration }), ...(to === undefined ? {} : { to }) };
  const run = await cli.connected((bellows) => bellows.dryRun(wanted));
  cli.answer(run, () => dryRunLines(run, cli.view));
  return EXIT.done;
}

function optionsOf(invocation: Invocation): UpOptions {
  const migration = invocation.args[0];
  const to = invocation.text('to');
  const until = oneOf(invocation.text('until'), UNTIL);
  if (!invocation.flag('approve')) refuseAlone(invocation, 'reason', 'approve');
  return {
    ...(migration === undefined ? {} : { migration }),
    ...(to === undefined ? {} : { to }),
    ...(until === undefined ? {} : { until }),
    ...(invocation.flag('create') ? { create: true } : {}),
    ...(invocation.flag('detach') ? { detach: true } : {}),
    ...(invocation.flag('strict') ? { strict: true } : {}),
    ...lockWait(invocation),
    ...(invocation.flag('approve') ? { approve: { reason: reasonOf(invocation, '--approve') } } : {}),
  };
}

function lockWait(invocation: Invocation): Pick<UpOptions, 'lockWaitMs'> {
  const lockWaitMs = duration(invocation.text('lockWait'), '--lock-wait');
  return lockWaitMs === undefined ? {} : { lockWaitMs };
}

async function goUp(
  cli: Cli,
  bellows: Bellows,
  options: UpOptions,
  live: Live,
  interrupt: Interrupt,
): Promise<number> {
  const interesting = watched(options);
  const onProgress = (status: Status) => live.show(interesting(status.migrations));
  const result = await bellows
    .up({ ...options, signal: interrupt.signal, onProgress, onNotice: (message) => cli.note(message) })
    .catch((error: unknown) => {
      live.end();
      throw error;
    });
  // The answer on the same terminal says it all again.
  if (cli.io.stdout.isTTY === true && !cli.json) live.clear();
  else live.end();
  if (result.schemaFile !== null) cli.note(`Writing ${result.schemaFile}`);
  cli.answer(result, () => upLines(result, cli.view));
  const stopped = interrupt.received();
  if (stopped !== null && !result.reached) {
    const again = options.migration === undefined ? 'bellows up' : `bellows up ${options.migration}`;
    cli.note(
      `Stopped by ${stopped}: finished batches are kept, and both shapes stay equal. ${again} goes on from here.`,
    );
    return exitOfSignal(stopped, EXIT.done);
  }
  return exitOf(cli, result, options);
}

/** What is done from the start is not worth a line; what becomes done while we look is. */
function watched({ migration }: UpOptions): (all: readonly MigrationStatus[]) => readonly MigrationStatus[] {
  const seen = new Set<string>();
  return (all) =>
    all.filter(({ id, kind, state }) => {
      // Plain ones are told line by line.
      if (kind === 'sql') return false;
      if (migration !== undefined && !isNamed(id, migration)) return false;
      if (state !== 'done') seen.add(id);
      return seen.has(id);
    });
}

async function exitOf(cli: Cli, result: UpResult, options: UpOptions): Promise<number> {
  const { migrations, reached } = result;
  if (migrations.some(({ failed }) => failed !== null)) return EXIT.operation;
  if (migrations.some(({ paused }) => paused !== null)) return EXIT.condition;
  if (reached) return EXIT.done;
  return (await stoppedAtGate(cli, migrations, options)) ? EXIT.done : EXIT.condition;
}

/** A shut gate, also with later migrations waiting behind it, is the normal end of going as far as the gate. */
async function stoppedAtGate(
  cli: Cli,
  migrations: readonly MigrationStatus[],
  options: UpOptions,
): Promise<boolean> {
  const standing = migrations.every(({ state }) => ['done', 'gated', 'pending'].includes(state));
  const behind =
    migrations.some(({ state }) => state === 'gated') && migrations.some(({ state }) => state === 'pending');
  return standing && behind && (await until(cli, options)) === 'gated';
}

async function until({ settings }: Cli, options: UpOptions): Promise<UpOptions['until']> {
  if (options.until !== undefined) return options.until;
  const { gate } = await offlineSettings(settings);
  return gate === 'data-only' ? 'done' : 'gated';
}
