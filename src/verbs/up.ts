/** `up`: takes migrations as far as they may go. Leader and workers run in this process; if another leads, it is followed. */

import type { UpOptions, UpResult } from '#api';
import { AUTO_CEILING } from '#phases/backfill/pace-settings';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import { type AdvanceOptions, advance } from './advance.js';
import type { Context } from './context.js';
import { refuseDrift } from './drift.js';
import { dumpAfter } from './dump-after.js';
import { refuseProblems } from './files.js';
import { type Followed, follow } from './follow.js';
import type { Until } from './judge-gate.js';
import { type PlainState, readPlain } from './plain.js';
import { adoptApplied } from './plain-adopted.js';
import { refuseEdited, refuseLate, refuseStopped } from './plain-refusals.js';
import { plainOptions, readPlainAtRest } from './plain-running.js';
import { startLeader, startWorker } from './processes.js';
import { readStatus, type Standing } from './status.js';
import { areThrough, type Entry, select, timelineOf } from './timeline.js';
import { startWatch } from './watch.js';

export async function up(context: Context, options: UpOptions = {}): Promise<UpResult> {
  const began = Date.now();
  await context.install();
  const project = await context.folder();
  refuseProblems(project);
  const runs = await context.store.runs();
  refuseDrift(runs, project.migrations);
  const plain = await readPlainAtRest(context, plainOptions(options));
  refuseWhatDoesNotFit(plain, options.strict ?? context.settings.strict);
  await adoptApplied(context, plain);
  const entries = select(timelineOf(project), options);
  // Where nothing is to be done, what was read is what stands: it is told, and not read once more.
  const idle = areThrough(entries, { runs, plain });
  const moved = idle ? { reached: true, schemaFile: null } : await move(context, entries, options);
  const { migrations } = await readStatus(context, idle ? { runs, plain } : undefined);
  const wanted = new Set(entries.map(({ id }) => id));
  return {
    migrations: migrations.filter(({ id }) => wanted.has(id)),
    ...moved,
    seconds: (Date.now() - began) / 1000,
  };
}

async function move(
  context: Context,
  entries: readonly Entry[],
  options: UpOptions,
): Promise<Pick<UpResult, 'reached' | 'schemaFile'>> {
  const before = await markOf(context);
  const reached = await advanceUntil(context, entries, options);
  return { reached, schemaFile: (await markOf(context)) === before ? null : await dumpAfter(context) };
}

/** Changes whenever a migration has moved: there is something new to dump. */
async function markOf(context: Context): Promise<string> {
  const [row] = await context.database.query<{ mark: string }>(
    'select coalesce(max(id), 0)::text as mark from bellows.history',
  );
  return row?.mark ?? '';
}

function refuseWhatDoesNotFit(plain: PlainState, strict: boolean): void {
  refuseStopped(plain);
  refuseEdited(plain);
  if (strict) refuseLate(plain);
}

/** Plain SQL alone needs neither leader nor workers nor queue. */
async function advanceUntil(
  context: Context,
  entries: readonly Entry[],
  options: UpOptions,
): Promise<boolean> {
  const until: Until =
    options.until ?? (options.detach ? 'expanded' : context.settings.gate === 'data-only' ? 'done' : 'gated');
  const advancing: AdvanceOptions = { ...plainOptions(options), again: isAgain(options) };
  const waiting = await advance(context, entries, advancing);
  if (waiting.length === 0 && areThrough(entries, await readStanding(context))) return true;
  const files = entries.flatMap((entry) => (entry.kind === 'phased' ? [entry.file] : []));
  return driveUntil(context, { entries, files, until, waiting }, options, advancing);
}

async function readStanding(context: Context): Promise<Standing> {
  return {
    runs: await context.store.runs(),
    plain: await readPlain(context, await context.folder()),
  };
}

async function driveUntil(
  context: Context,
  followed: Followed,
  options: UpOptions,
  advancing: Omit<AdvanceOptions, 'signal'>,
): Promise<boolean> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const parts = [startLeader(context, signal)];
  // Whoever is told by webhooks is told by whatever process runs; the log has what `up` shows anyway.
  const watch = context.settings.webhooks.length === 0 ? null : startWatch(context, () => undefined);
  if (options.detach !== true) parts.push(startWorker(context, slotsFor(context.settings), signal));
  // A part that cannot start (no queue, no rights) ends the whole; what it says is what the caller sees.
  const broken = Promise.race(parts.map((part) => part.then(() => new Promise<never>(() => undefined))));
  try {
    return await Promise.race([follow(context, followed, options, { ...advancing, signal }), broken]);
  } finally {
    stop.abort();
    await Promise.allSettled(parts);
    await watch?.close();
  }
}

/** With `auto` the pace has a ceiling of its own. */
function slotsFor({ backfill: { concurrency } }: Context['settings']): number {
  return concurrency === 'auto' ? AUTO_CEILING : Math.max(AUTO_CEILING, concurrency);
}

/** A rolled-back migration runs again when its file changed or when it is named. */
function isAgain({ migration }: UpOptions): (file: LoadedMigration, run: RunRow) => boolean {
  return (file, run) => migration !== undefined || file.checksum !== run.checksum;
}
