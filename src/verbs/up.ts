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
import { readStatus } from './status.js';
import { type Entry, select, timelineOf } from './timeline.js';
import { startWatch } from './watch.js';

export async function up(context: Context, options: UpOptions = {}): Promise<UpResult> {
  const began = Date.now();
  await context.install();
  const project = await context.folder();
  refuseProblems(project);
  refuseDrift(await context.store.runs(), project.migrations);
  const plain = await readPlainAtRest(context, plainOptions(options));
  refuseWhatDoesNotFit(plain, options.strict ?? context.settings.strict);
  await adoptApplied(context, plain);
  const entries = select(timelineOf(project), options);
  const before = await markOf(context);
  const reached = await advanceUntil(context, entries, options);
  const schemaFile = (await markOf(context)) === before ? null : await dumpAfter(context);
  const { migrations } = await readStatus(context);
  const wanted = new Set(entries.map(({ id }) => id));
  return {
    migrations: migrations.filter(({ id }) => wanted.has(id)),
    schemaFile,
    reached,
    seconds: (Date.now() - began) / 1000,
  };
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
  const files = entries.flatMap((entry) => (entry.kind === 'phased' ? [entry.file] : []));
  if (waiting.length === 0 && (await areDone(context, files))) return true;
  return driveUntil(context, { entries, files, until, waiting }, options, advancing);
}

async function areDone(context: Context, files: readonly LoadedMigration[]): Promise<boolean> {
  if (files.length === 0) return true;
  const runs = await context.store.runs();
  const { ledger } = await readPlain(context, await context.folder());
  return files.every(({ id, version }) => {
    const run = runs.find((r) => r.migration === id);
    return run === undefined ? ledger.applied.has(version) : run.state.kind === 'done';
  });
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
