/** Reads, once, all that the decision about a run needs; what a state does not need is not read. */
import type { BackfillSnapshot, Snapshot, VerificationSnapshot } from '#core/decide';
import { CHECKS, type CheckResult } from '#core/gate';
import { catchesUp } from '#core/plan';
import { type Gated, gateSince } from '#core/state';
import { closedReason } from '#core/window';
import { backfillsBehind } from '#phases/backfill/catch-up';
import { readProgress } from '#phases/backfill/progress';
import type { RunRow } from '#ports';
import { conflictOf } from './conflict.js';
import type { SchedulerDeps } from './deps.js';

/** How old evidence may be before the leader looks again. The gate itself demands at most five minutes. */
const GATE_MS = 15_000;
/** The same where rows waited to be caught up with and none does now. */
const CAUGHT_UP_MS = 1_000;

const BEGINNING = new Set(['pending', 'gated']);
const STEPPING = new Set(['expanding', 'settling', 'contracting', 'rolling_back']);

export async function readSnapshot(
  deps: SchedulerDeps,
  run: RunRow,
  runs: readonly RunRow[],
): Promise<Snapshot> {
  const { state } = run;
  const steps = STEPPING.has(state.kind) ? await deps.store.steps(run.id) : [];
  const behind = state.kind === 'gated' ? await backfillsBehind(deps.database, run) : [];
  const verification = await verificationOf(deps, run);
  return {
    state,
    plan: run.plan,
    doneSteps: new Set(steps.filter((s) => s.state === 'done').map((s) => s.step)),
    backfills: state.kind === 'backfilling' ? await readBackfills(deps, run) : [],
    // Another may have begun to walk since the runs were read: who is first must not be decided on an old look.
    conflict: conflictOf(run, state.kind === 'backfilling' ? await deps.store.alive() : runs),
    closed: BEGINNING.has(state.kind) ? await closedNow(deps, run) : null,
    verification,
    behind,
    gate:
      state.kind === 'gated'
        ? await readGate(deps, run, seenSince(state, verification, othersOf(run, runs)), behind.length > 0)
        : null,
  };
}

/** By the clock of the database. What has begun goes on when its window closes. */
async function closedNow({ store, ddlWindow }: SchedulerDeps, { plan }: RunRow): Promise<string | null> {
  const hours = plan.window?.ddl ?? ddlWindow;
  return hours.length === 0 ? null : closedReason(hours, new Date(await store.now()));
}

async function readBackfills({ database }: SchedulerDeps, run: RunRow): Promise<readonly BackfillSnapshot[]> {
  return Promise.all(run.plan.backfills.map((b) => readProgress(database, run.id, b.index)));
}

async function verificationOf(deps: SchedulerDeps, run: RunRow): Promise<VerificationSnapshot | null> {
  if (run.state.kind === 'settling') return readVerification(deps, run, run.state.since);
  return run.state.kind === 'gated' ? readVerification(deps, run, '-infinity') : null;
}

async function readVerification(
  { database }: SchedulerDeps,
  run: RunRow,
  since: string,
): Promise<VerificationSnapshot | null> {
  const rows = await database.query<{ finished_at: string; pending: number }>(
    `select finished_at, pending
     from bellows.verifications
     where run_id = $1
       and started_at >= $2
       and finished_at is not null
     order by id desc
     limit 1`,
    [run.id, since],
  );
  const row = rows[0];
  return row === undefined ? null : { finishedAt: row.finished_at, pending: Number(row.pending) };
}

function othersOf(run: RunRow, runs: readonly RunRow[]): readonly RunRow[] {
  return runs.filter(({ id }) => id !== run.id);
}

/**
 * What was seen before counts no more, in milliseconds: the gate was not reached, the values were verified since, or another run
 * moved, which may release it.
 */
function seenSince(
  state: Gated,
  verification: VerificationSnapshot | null,
  others: readonly RunRow[],
): number {
  const moved = others.map(({ updatedAt }) => updatedAt);
  const verified = verification === null ? [] : [verification.finishedAt];
  return Math.max(...[gateSince(state), ...verified, ...moved].map((at) => Date.parse(at)));
}

/** Null: to be evaluated now. */
async function readGate(
  { store }: SchedulerDeps,
  run: RunRow,
  since: number,
  isBehind: boolean,
): Promise<readonly CheckResult[] | null> {
  const results = await store.checks(run);
  const waited = results.some(({ check, verdict }) => check === 'pending_rows' && verdict === 'fail');
  const age = waited && !isBehind && run.plan.backfills.some(catchesUp) ? CAUGHT_UP_MS : GATE_MS;
  const oldest = Math.max(Date.parse(await store.now()) - age, since);
  const fresh = results.every(({ at }) => Date.parse(at) >= oldest);
  return fresh && results.length === CHECKS.length ? results : null;
}
