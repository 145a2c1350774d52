/** `rollback`: the newest entry of the timeline, or several: a phased one is undone, a plain one by its down block. */
import type { PlainRunOptions } from '#api';
import { ConditionError } from '#core/errors';
import type { SqlMigration } from '#core/sql-migration';
import { isFinal } from '#core/state';
import type { MigrationStatus } from '#core/status';
import { hasWayBack, noWayBack, prepareDown } from '#everyday/sql/prepare';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { dumpAfter } from './dump-after.js';
import { findRun, isNamed } from './find.js';
import { rollBackRun } from './operate.js';
import type { PlainState } from './plain.js';
import { refuseStopped } from './plain-refusals.js';
import { plainOptions, readPlainAtRest } from './plain-running.js';
import { runAll } from './run-plain.js';
import { readStatus } from './status.js';
import { select, timelineOf } from './timeline.js';

/** What can be taken back, or was before it came to that. */
type Candidate =
  | { readonly kind: 'phased'; readonly id: string; readonly run: RunRow }
  | { readonly kind: 'sql'; readonly id: string; readonly file: SqlMigration };

export async function rollback(
  context: Context,
  migration?: string,
  options: PlainRunOptions = {},
): Promise<MigrationStatus> {
  const candidates = await candidatesOf(context, options);
  const named = migration === undefined ? candidates[0] : candidates.find(({ id }) => isNamed(id, migration));
  if (named === undefined && migration !== undefined)
    return rollBackRun(context, await findRun(context, migration), options);
  if (named === undefined) throw nothingLeft();
  return (await takeBack(context, [named], options))[0] ?? Promise.reject(nothingLeft());
}

export async function rollbackMany(
  context: Context,
  target: { readonly steps: number } | { readonly to: string },
  options: PlainRunOptions = {},
): Promise<readonly MigrationStatus[]> {
  // A version that is not there would mean: all of them.
  if ('to' in target) select(timelineOf(await context.project()), target);
  const all = await candidatesOf(context, options);
  const chosen =
    'steps' in target
      ? all.slice(0, target.steps)
      : all.filter(({ id }) => !isNamed(id, target.to) && id > target.to);
  if (chosen.length === 0) throw nothingLeft();
  return takeBack(context, chosen, options);
}

/** Newest first. */
async function candidatesOf(context: Context, options: PlainRunOptions): Promise<readonly Candidate[]> {
  await context.project();
  const plain = await readPlainAtRest(context, plainOptions(options));
  refuseStopped(plain);
  const runs = (await context.store.runs()).filter(({ state }) => state.kind !== 'rolled_back');
  const all: readonly Candidate[] = [
    ...runs.map((run) => ({ kind: 'phased', id: run.migration, run }) as const),
    ...appliedFiles(plain).map((file) => ({ kind: 'sql', id: file.id, file }) as const),
  ];
  return all.toSorted((a, b) => (a.id < b.id ? 1 : -1));
}

function appliedFiles({ files }: PlainState): readonly SqlMigration[] {
  return files.filter(({ state }) => state === 'applied').map(({ file }) => file);
}

/** Whether all can be taken back is known before the first is. */
async function takeBack(
  context: Context,
  chosen: readonly Candidate[],
  options: PlainRunOptions,
): Promise<readonly MigrationStatus[]> {
  refuseWithoutWayBack(chosen);
  for (const candidate of chosen) {
    if (candidate.kind === 'phased') await rollBackRun(context, candidate.run, options);
    else await runAll(context, [prepareDown(candidate.file)], plainOptions(options));
  }
  await dumpAfter(context);
  const { migrations } = await readStatus(context);
  return chosen.flatMap(({ id }) => migrations.find((m) => m.id === id) ?? []);
}

function refuseWithoutWayBack(chosen: readonly Candidate[]): void {
  const done = chosen.find((one) => one.kind === 'phased' && isFinal(one.run.state));
  if (done !== undefined)
    throw new ConditionError('BELLOWS_NO_WAY_BACK', {
      what: `${done.id} is done.`,
      why: 'What is contracted has no way back but a new migration.',
      left: 'Nothing was changed.',
      next: 'bellows new <name> writes the migration that undoes it.',
    });
  const stuck = chosen.flatMap((one) => (one.kind === 'sql' && !hasWayBack(one.file) ? [one.file.file] : []));
  if (stuck.length > 0) throw noWayBack(stuck);
}

function nothingLeft(): ConditionError {
  return new ConditionError('BELLOWS_NOTHING_TO_ROLL_BACK', {
    what: 'There is nothing to roll back.',
    why: 'No migration is in flight, and none with a file is applied.',
    left: 'Nothing was changed.',
    next: 'bellows status',
  });
}
