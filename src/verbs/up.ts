/** `up`: takes migrations as far as they may go. Leader and workers run in this process; if another leads, it is followed. */

import type { Status, UpOptions, UpResult } from '#api';
import { DefinitionError } from '#core/errors';
import { CHECKS, type CheckResult, waitsForApprovalOnly } from '#core/gate';
import { gateSince, innerState } from '#core/state';
import type { RunRow } from '#ports';
import type { LoadedMigration, Project } from '#project/project';
import { startConflict } from '#scheduler/conflict';
import { isNeighbour } from '#scheduler/neighbours';
import { adopt } from './adopt.js';
import { approve } from './approve.js';
import type { Context } from './context.js';
import { refuseDrift } from './drift.js';
import { sleep, startLeader, startWorker } from './processes.js';
import { readStatus } from './status.js';

const LOOK_MS = 200;
type Until = NonNullable<UpOptions['until']>;

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
  const pending = await unfinished(context, files, until);
  const reached = pending ? await driveUntil(context, files, until, options) : true;
  const { migrations } = await readStatus(context);
  return {
    migrations: migrations.filter((m) => files.some((f) => f.id === m.id)),
    reached,
    seconds: (Date.now() - began) / 1000,
  };
}

export function refuseProblems({ problems }: Project): void {
  const first = problems[0]?.error;
  if (first === undefined) return;
  if (problems.length === 1) throw first;
  throw new DefinitionError({
    what: problems.map((p) => p.error.text.what).join('\n'),
    ...(first.text.why === undefined ? {} : { why: first.text.why }),
    left: 'Nothing was changed.',
    next: 'Correct these files, then bellows up.',
  });
}

function select(files: readonly LoadedMigration[], { migration, to }: UpOptions): readonly LoadedMigration[] {
  const matches = (file: LoadedMigration, name: string) => file.id === name || file.id.startsWith(`${name}_`);
  const name = migration ?? to;
  if (name === undefined) return files;
  const file = files.find((f) => matches(f, name));
  if (file === undefined) {
    throw new DefinitionError({
      what: `There is no migration "${name}" in the migrations folder.`,
      left: 'Nothing was changed.',
      next: 'bellows status lists them.',
    });
  }
  return migration === undefined ? files.filter((f) => f.id <= file.id) : [file];
}

async function unfinished(
  context: Context,
  files: readonly LoadedMigration[],
  until: Until,
): Promise<boolean> {
  const runs = await context.store.runs();
  return (
    files.some((file) => {
      const run = runs.find((r) => r.migration === file.id);
      return run === undefined || run.state.kind !== 'done' || until !== 'done';
    }) && files.some((file) => runs.find((r) => r.migration === file.id)?.state.kind !== 'done')
  );
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
  if (options.detach !== true)
    parts.push(startWorker(context, Math.max(4, context.settings.backfill.concurrency), signal));
  // A part that cannot start (no queue, no rights) ends the whole; what it says is what the caller sees.
  const broken = Promise.race(parts.map((part) => part.then(() => new Promise<never>(() => undefined))));
  try {
    return await Promise.race([follow(context, files, until, options, signal), broken]);
  } finally {
    stop.abort();
    await Promise.allSettled(parts);
  }
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
    tell(options, await readStatus(context));
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

/** `waiting`: behind another migration that stands at its gate; a person moves that one. `stuck`: failed, paused, rolled back. */
type Judgement = 'moving' | 'reached' | 'waiting' | 'stuck';

async function judgeAll(
  context: Context,
  files: readonly LoadedMigration[],
  until: Until,
  options: UpOptions,
): Promise<readonly Judgement[]> {
  const runs = await context.store.runs();
  const known = new Map(runs.map((run) => [run.migration, run]));
  return Promise.all(
    files.map((file) => {
      const run = known.get(file.id);
      if (run === undefined) return isMoving(runs, file.id) ? 'moving' : 'waiting';
      return judge(context, run, runs, until, options);
    }),
  );
}

async function judge(
  context: Context,
  run: RunRow,
  runs: readonly RunRow[],
  until: Until,
  options: UpOptions,
): Promise<Judgement> {
  switch (run.state.kind) {
    case 'done':
      return 'reached';
    case 'paused':
    case 'failed':
    case 'rolled_back':
      return 'stuck';
    case 'pending':
      return judgePending(runs, run);
    case 'gated':
      return judgeGate(context, run, until, options);
    default:
      return until === 'expanded' && isExpanded(run) ? 'reached' : 'moving';
  }
}

function isExpanded(run: RunRow): boolean {
  return !['pending', 'expanding'].includes(innerState(run.state).kind);
}

/** What it waited for may be over, and the leader has not looked yet. */
function judgePending(runs: readonly RunRow[], run: RunRow): Judgement {
  const reason = run.state.kind === 'pending' ? run.state.waitsFor : null;
  const same = reason !== null && startConflict(run, runs) === reason;
  return same && !isMoving(runs, run.migration) ? 'waiting' : 'moving';
}

/** True while an earlier migration goes on by itself: what waits for it may still get its turn. */
function isMoving(runs: readonly RunRow[], migration: string): boolean {
  const still = new Set(['gated', 'paused', 'failed', 'done', 'rolled_back', 'pending']);
  return runs.some((r) => r.migration < migration && !still.has(r.state.kind));
}

async function judgeGate(
  context: Context,
  run: RunRow,
  until: Until,
  options: UpOptions,
): Promise<Judgement> {
  if (until === 'expanded') return 'reached';
  const results = await freshChecks(context, run);
  if (results === null) return 'moving';
  if (options.approve !== undefined && waitsForApprovalOnly(results)) {
    await approve(context, run.migration, options.approve);
    return 'moving';
  }
  const shut = results.some((r) => r.skipped === null && r.verdict !== 'pass' && r.verdict !== 'n/a');
  if (!shut || results.some(goesBack)) return 'moving';
  if (await isOutdated(context, run, results, until)) return 'moving';
  return until === 'done' ? 'waiting' : 'reached';
}

/** What the leader itself mends: it goes back to the backfill, or settles again. */
function goesBack({ check, verdict, skipped }: CheckResult): boolean {
  return skipped === null && verdict === 'fail' && (check === 'pending_rows' || check === 'indexes');
}

/**
 * Another run has moved since the checks were evaluated: one on the same tables changed what they saw, and any may have
 * released the gate. The leader looks again within seconds.
 */
async function isOutdated(
  { store }: Context,
  run: RunRow,
  results: readonly CheckResult[],
  until: Until,
): Promise<boolean> {
  const others = (await store.runs()).filter(
    (r) => r.id !== run.id && (until === 'done' || isNeighbour(run, r)),
  );
  const moved = others.map((r) => Date.parse(r.updatedAt));
  return results.some((r) => moved.some((at) => at > Date.parse(r.at)));
}

/** All checks, evaluated since the gate was reached; null while the leader has not done so. */
async function freshChecks({ store }: Context, run: RunRow): Promise<readonly CheckResult[] | null> {
  if (run.state.kind !== 'gated') return null;
  const since = Date.parse(gateSince(run.state));
  const results = (await store.checks(run)).filter((r) => Date.parse(r.at) >= since);
  return results.length === CHECKS.length ? results : null;
}
