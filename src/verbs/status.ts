/** `status`: what stands where, and what comes next. Reads the ledger; never counts a table. */

import type { Status } from '#api';
import type { CheckResult } from '#core/gate';
import { displayTable } from '#core/identifier';
import { innerState, isFinal } from '#core/state';
import {
  type BackfillStatus,
  failedOf,
  type GateStatus,
  type MigrationStatus,
  nextAction,
  pausedOf,
  stateName,
} from '#core/status';
import { failedWait, type StatusFacts, waitsOf } from '#core/waits';
import { STALE_WORKER_SECONDS } from '#core/workers';
import { type BackfillProgress, readProgressOf } from '#phases/backfill/progress';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import { conflictOf } from '#scheduler/conflict';
import { blockersOf } from './blockers-of.js';
import type { Context } from './context.js';
import { driftOf } from './drift.js';
import { type PlainState, readPlain } from './plain.js';
import { statusOfPlain } from './status-plain.js';
import type { Watched } from './watch.js';

/** By the id of the run; of each of its backfills. */
export type Progress = ReadonlyMap<number, readonly BackfillProgress[]>;

/** What is read once for all runs that are looked at. */
interface Facts extends Pick<StatusFacts, 'liveWorkers' | 'led'> {
  /** All that may stand before another. */
  readonly runs: readonly RunRow[];
  readonly progress: Progress;
  readonly checks: ReadonlyMap<number, readonly CheckResult[]>;
}

/** Where everything stands, as the database has it. */
export interface Standing {
  readonly runs: readonly RunRow[];
  readonly plain: PlainState;
}

/** @param known what was read a moment ago, where nothing was done since */
export async function readStatus(context: Context, known?: Standing): Promise<Status> {
  const project = await context.folder();
  const installed = known !== undefined || (await isInstalled(context));
  const runs = known?.runs ?? (installed ? await context.store.runs() : []);
  const begun = runs.length === 0 ? [] : await describeAll(context, runs, project.migrations);
  const plain = known?.plain ?? (await readPlain(context, project));
  const files = project.migrations
    .filter((m) => !runs.some((r) => r.migration === m.id))
    .map((m) => (plain.ledger.applied.has(m.version) ? doneElsewhere(m.id) : pendingFile(m.id)));
  const broken = project.problems.flatMap((p) =>
    p.id === null || runs.some((r) => r.migration === p.id)
      ? []
      : [brokenFile(p.id, p.error.code, p.error.text.what)],
  );
  const runner = installed ? ((await context.plainLease().holder())?.process ?? null) : null;
  // What waits for a run is told by what it mentions.
  if (runs.some(({ state }) => !isFinal(state))) await context.project();
  const sql = statusOfPlain(plain, project, runs, runner);
  return { migrations: [...begun, ...files, ...sql, ...broken].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** The runs that are not over, and those that ended within the last hour. */
export async function readAlive(context: Context): Promise<readonly Watched[]> {
  const { migrations } = await context.project();
  const stills = await readStills(context);
  const runs = (await context.store.runs()).filter((run) => stills.has(run.id));
  const facts = await factsOf(context, runs);
  return Promise.all(
    runs.map(async (run) => ({
      migration: await describe(context, run, facts, driftOf(run, migrations)),
      runId: run.id,
      version: run.version,
      still: stills.get(run.id) ?? { seconds: 0, since: run.updatedAt },
    })),
  );
}

/** Run id -> how long ago its last batch or transition was, by the database's clock. */
async function readStills({ database }: Context): Promise<ReadonlyMap<number, Watched['still']>> {
  const rows = await database.query<{ id: number; seconds: number; since: string }>(
    `select id, since, extract(epoch from clock_timestamp() - since)::float8 as seconds
     from bellows.runs r
     cross join lateral (
       select greatest(r.updated_at, max(committed_at)) as since
       from bellows.batches
       where run_id = r.id
     ) moved
     where state_kind not in ('done', 'rolled_back')
       or updated_at > clock_timestamp() - interval '1 hour'`,
  );
  return new Map(rows.map(({ id, seconds, since }) => [Number(id), { seconds, since }]));
}

/**
 * @param drift how its file differs from what was begun, in words
 * @param known its progress, where it was read already
 */
export async function statusOfRun(
  context: Context,
  run: RunRow,
  drift: string | null = null,
  known?: Progress,
): Promise<MigrationStatus> {
  const runs = run.state.kind === 'backfilling' ? await context.store.alive() : [];
  return describe(context, run, { ...(await factsOf(context, [run], known)), runs }, drift);
}

export async function isInstalled({ database }: Context): Promise<boolean> {
  const rows = await database.query<{ there: boolean }>(
    `select to_regclass('bellows.runs') is not null as there`,
  );
  return rows[0]?.there === true;
}

/** A statement for all, not one for each: of runs that are done, planning it takes longer than what it finds. */
async function factsOf(context: Context, runs: readonly RunRow[], known?: Progress): Promise<Facts> {
  const { database, lease, store } = context;
  const [workers] = await database.query<{ live: number }>(
    `select count(*)::integer as live
     from bellows.workers
     where beat_at > clock_timestamp() - $1 * interval '1 s'`,
    [STALE_WORKER_SECONDS],
  );
  return {
    runs,
    liveWorkers: workers?.live ?? 0,
    led: (await lease.holder()) !== null,
    progress: known ?? (await progressOf(context, runs)),
    checks: await store.checksOf(runs.filter(isJudged)),
  };
}

/** The dearest part of a look. */
export async function progressOf({ database }: Context, runs: readonly RunRow[]): Promise<Progress> {
  const asked = runs.flatMap(({ id, plan }) =>
    plan.backfills.map(({ index }) => ({ runId: id, backfill: index })),
  );
  const all = await readProgressOf(database, asked);
  const progress = new Map<number, BackfillProgress[]>(runs.map(({ id }) => [id, []]));
  for (const [i, one] of all.entries()) progress.get(asked[i]?.runId ?? 0)?.push(one);
  return progress;
}

async function describeAll(
  context: Context,
  runs: readonly RunRow[],
  files: readonly LoadedMigration[],
): Promise<readonly MigrationStatus[]> {
  const facts = await factsOf(context, runs);
  const described: MigrationStatus[] = [];
  // One after the other, on one connection: opening ten costs more than asking twenty times.
  for (const run of runs) described.push(await describe(context, run, facts, driftOf(run, files)));
  return described;
}

async function describe(
  context: Context,
  run: RunRow,
  { liveWorkers, led, ...read }: Facts,
  drift: string | null,
): Promise<MigrationStatus> {
  const progress = read.progress.get(run.id) ?? [];
  const gate = read.checks.get(run.id) ?? [];
  const held = hasBatches(run, progress) ? await context.store.holds(run.id) : [];
  const quarantined = progress.reduce((sum, p) => sum + p.quarantined, 0);
  const facts = {
    state: run.state,
    plan: run.plan,
    holds: held,
    ...{ gate, liveWorkers, led, quarantined },
    blockers: await blockersOf(context, run),
    blockedBy: drift,
    behind: run.state.kind === 'backfilling' ? conflictOf(run, read.runs) : null,
  };
  return {
    id: run.migration,
    kind: 'phased',
    state: stateName(run.state),
    paused: pausedOf(run.state),
    failed: failedOf(run.state),
    backfill: progress.length === 0 ? null : backfillStatus(run, progress, held),
    gate: gate.map(gateStatus),
    waits: waitsOf(run.migration, facts),
    next: nextAction(run.migration, facts),
  };
}

/** A check that an operator skipped holds nothing; what it saw is still said. */
function gateStatus({ check, verdict, evidence, release, at, skipped }: CheckResult): GateStatus {
  if (skipped === null) return { check, verdict, evidence, release, at };
  return {
    check,
    verdict: 'n/a',
    evidence: `skipped: ${skipped} (${verdict}: ${evidence})`,
    release: null,
    at,
  };
}

/** At the gate there are batches only while it catches up: a hold from before says nothing then. */
function hasBatches({ state }: RunRow, progress: readonly BackfillProgress[]): boolean {
  const { kind } = innerState(state);
  return kind === 'backfilling' || (kind === 'gated' && progress.some((p) => p.openRanges > 0));
}

function isJudged({ state }: RunRow): boolean {
  return ['gated', 'contracting', 'done'].includes(innerState(state).kind);
}

/** Several backfills of one run go one after the other: the one that is walked now is shown, with the rows of all. */
function backfillStatus(
  run: RunRow,
  progress: readonly BackfillProgress[],
  held: Awaited<ReturnType<Context['store']['holds']>>,
): BackfillStatus {
  const current =
    progress.find((p) => p.openRanges > 0) ?? progress.findLast((p) => p.pass > 0) ?? progress[0];
  // A sweep finds next to nothing: its rate says nothing of the walk, and its end is near.
  const walks = innerState(run.state).kind === 'backfilling' && current?.pass === 1;
  const expected = progress.map((p, i) => p.rowsExpected ?? run.plan.backfills[i]?.expectedRows ?? null);
  const table = run.plan.backfills[current?.backfill ?? 0]?.table;
  return {
    table: table === undefined ? '' : displayTable(table),
    rowsDone: progress.reduce((sum, p) => sum + p.rowsDone, 0),
    rowsExpected: expected.every((n) => n !== null)
      ? expected.reduce((sum, n) => sum + Math.round(n ?? 0), 0)
      : null,
    rowsPerSecond: rounded(walks ? current?.rowsPerSecond : current?.rowsPerSecondAverage),
    etaSeconds: walks ? rounded(current?.etaSeconds) : null,
    batchRows: current?.batchRows ?? null,
    concurrency: run.pace.concurrency,
    throttle: held.map(({ signal, value, limit, text, release }) => ({
      signal,
      value,
      limit,
      text,
      release,
    })),
    quarantined: progress.reduce((sum, p) => sum + p.quarantined, 0),
  };
}

function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value);
}

const unstarted = {
  kind: 'phased',
  state: 'pending',
  paused: null,
  failed: null,
  backfill: null,
  gate: [],
  waits: [],
} as const;

function pendingFile(id: string): MigrationStatus {
  return { ...unstarted, id, next: 'bellows up' };
}

/** It is in the table of applied versions and was not run here: the schema came from a dump, or as a baseline. */
function doneElsewhere(id: string): MigrationStatus {
  return { ...unstarted, id, state: 'done', next: 'nothing: it is done' };
}

function brokenFile(id: string, code: string, message: string): MigrationStatus {
  const next = 'correct the file, then bellows up';
  const waits = [failedWait({ message, next })];
  return { ...unstarted, id, failed: { code, message, next }, waits, next };
}
