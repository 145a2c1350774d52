/** `up`: takes migrations as far as they may go. Leader and workers run in this process; if another leads, it is followed. */

import type { Status, UpOptions, UpResult } from '#api';
import { AUTO_CEILING } from '#phases/backfill/pace-settings';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import { adopt } from './adopt.js';
import type { Context } from './context.js';
import { refuseDrift } from './drift.js';
import { refuseProblems, select } from './files.js';
import { judgeAll } from './judge.js';
import type { Until } from './judge-gate.js';
import { sleep, startLeader, startWorker } from './processes.js';
import { readStatus } from './status.js';
import { startWatch } from './watch.js';

const LOOK_MS = 200;

export async function up(context: Context, options: UpOptions = {}): Promise<UpResult> {
  const began = Date.now();
  await context.install();
  const project = await context.project();
  refuseProblems(project);
  const runs = await context.store.runs();
  refuseDrift(runs, project.migrations);
  const files = select(project.migrations, options);
  const until: Until =
    options.until ?? (options.detach ? 'expanded' : context.settings.gate === 'data-only' ? 'done' : 'gated');
  const done = new Set(runs.filter((run) => run.state.kind === 'done').map((run) => run.migration));
  const reached =
    files.every((file) => done.has(file.id)) || (await driveUntil(context, files, until, options));
  const { migrations } = await readStatus(context);
  return {
    migrations: migrations.filter((m) => files.some((f) => f.id === m.id)),
    reached,
    seconds: (Date.now() - began) / 1000,
  };
}

async function driveUntil(
  context: Context,
  files: readonly LoadedMigration[],
  until: Until,
  options: UpOptions,
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
    return await Promise.race([follow(context, files, until, options, signal), broken]);
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

async function follow(
  context: Context,
  files: readonly LoadedMigration[],
  until: Until,
  options: UpOptions,
  signal: AbortSignal,
): Promise<boolean> {
  let seen: string | null = null;
  while (!signal.aborted) {
    const runs = await context.store.runs();
    const now = runs.map((r) => `${r.id}:${r.version}`).join();
    // Planning reads the catalogue: only worth it when something has moved.
    if (now !== seen) await adopt(context, files, runs, isAgain(options));
    seen = now;
    const verdicts = await judgeAll(context, files, until, options);
    // Status reads the ledger of every run: only for somebody who looks.
    if (options.onProgress !== undefined) tell(options, await readStatus(context));
    if (!verdicts.includes('moving')) {
      return verdicts.every((v) => v === 'reached' || (v === 'waiting' && until !== 'done'));
    }
    await sleep(LOOK_MS, signal);
  }
  return false;
}

/** Whoever shows the progress is an observer: its failure is its own. */
function tell({ onProgress }: UpOptions, status: Status): void {
  try {
    onProgress?.(status);
  } catch {
    // There is nobody safe to tell.
  }
}

/** A rolled-back migration runs again when its file changed or when it is named. */
function isAgain({ migration }: UpOptions): (file: LoadedMigration, run: RunRow) => boolean {
  return (file, run) => migration !== undefined || file.checksum !== run.checksum;
}
