import { FencedError, InvalidTransitionError } from '#core/errors';
import type { CheckId } from '#core/gate';
import { quoteTable, type TableName } from '#core/identifier';
import type { RunPlan } from '#core/plan';
import { type State, type TransitionEvent, transition } from '#core/state';
import type { Hold } from '#core/throttle';
import type { Actor, Database, Fence, PaceSettings, Row, RunRow, RunStore, Session } from '#ports';
import { readChecks, readChecksOf, writeChecks } from './checks.js';
import { demandLease } from './fence.js';
import { type Entry, readHistory, recordEntry } from './history.js';
import { RunExistsError } from './run-errors.js';
import { aliveRuns, lockRun, newestRun, newestRuns, RUN_COLUMNS, runById } from './run-rows.js';
import { forgetSteps, markStepBlocked, markStepDone, markStepStarted, readSteps } from './steps.js';

/**
 * Everything about runs, in schema `bellows`. Every change is one transaction that is committed synchronously.
 *
 * @param versions the table of applied versions, for every tool that reads it; a run enters it when it is done. Default: none.
 */
export function createRunStore(database: Database, versions?: TableName): RunStore {
  const change = <R>(fence: Fence | null, work: (tx: Session) => Promise<R>): Promise<R> =>
    database.transaction({}, async (tx) => {
      if (fence !== null) await demandLease(tx, fence);
      return work(tx);
    });
  return {
    now: async () => firstOf(await database.query<{ now: string }>('select clock_timestamp() as now')).now,
    nextRunId: () => nextRunId(database),
    create: (id, plan, pace, actor) => change(null, (tx) => createRun(tx, id, plan, pace, actor)),
    alive: () => aliveRuns(database),
    runs: () => newestRuns(database),
    run: (migration) => newestRun(database, migration),
    runById: (id) => runById(database, id),
    transition: (run, event, actor, fence) =>
      change(fence, async (tx) => {
        const moved = await applyTransition(tx, run, event, actor);
        if (versions !== undefined && moved.state.kind === 'done')
          await recordVersion(tx, versions, moved.migration);
        return moved;
      }),
    replan: (run, plan, actor, fence) => change(fence, (tx) => replacePlan(tx, run, plan, actor)),
    steps: (runId) => readSteps(database, runId),
    stepStarted: (runId, step, fence) => change(fence, (tx) => markStepStarted(tx, runId, step.id)),
    stepBlocked: (runId, stepId, error, blockers, fence) =>
      change(fence, (tx) => markStepBlocked(tx, runId, stepId, error, blockers)),
    stepDone: (runId, stepId, fence) => change(fence, (tx) => markStepDone(tx, runId, stepId)),
    saveChecks: (runId, results, fence) =>
      change(fence, async (tx) => {
        await writeChecks(tx, runId, results);
        return readChecksOf(tx, runId);
      }),
    checks: (run) => readChecksOf(database, run.id),
    checksOf: (runs) =>
      readChecks(
        database,
        runs.map(({ id }) => id),
      ),
    setPace: (runId, turn, actor, reason) => change(null, (tx) => changePace(tx, runId, turn, actor, reason)),
    skipCheck: (run, check, reason, actor) => change(null, (tx) => addSkip(tx, run, check, reason, actor)),
    record: (entry) => recordEntry(database, entry),
    history: (filter) => readHistory(database, filter),
    holds: (runId) => readHolds(database, runId),
  };
}

async function nextRunId(session: Session): Promise<number> {
  const rows = await session.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('bellows.runs', 'id')) as id`,
  );
  return firstOf(rows).id;
}

async function createRun(
  tx: Session,
  id: number,
  plan: RunPlan,
  pace: PaceSettings,
  actor: Actor,
): Promise<RunRow> {
  const state: State = { kind: 'pending', waitsFor: null };
  // Waits for a concurrent insert of the same migration, and then finds it.
  const rows = await tx.query<RunRow & Row>(
    `insert into bellows.runs (id, migration, checksum, plan, state, pace)
     overriding system value
     values ($1, $2, $3, $4, $5, $6)
     on conflict (migration) where state_kind <> 'rolled_back' do nothing
     returning ${RUN_COLUMNS}`,
    [id, plan.migration, plan.checksum, JSON.stringify(plan), JSON.stringify(state), JSON.stringify(pace)],
  );
  const [run] = rows;
  if (run === undefined) throw new RunExistsError(plan.migration);
  await recordEntry(tx, entryOf(run, actor, 'create', { checksum: run.checksum, to: state.kind }));
  return run;
}

async function applyTransition(
  tx: Session,
  seen: RunRow,
  event: TransitionEvent,
  actor: Actor,
): Promise<RunRow> {
  const { run, now } = await lockUnmoved(tx, seen);
  const to = transition(run.state, event, now);
  const rows = await tx.query<RunRow & Row>(
    `update bellows.runs
     set state = $2,
       version = version + 1,
       updated_at = $3
     where id = $1
     returning ${RUN_COLUMNS}`,
    [run.id, JSON.stringify(to), now],
  );
  await forgetSteps(tx, run.id, dueAgain(run.plan, event.kind));
  const { kind, ...said } = event;
  await recordEntry(tx, entryOf(run, actor, kind, { ...said, from: run.state.kind, to: to.kind }));
  return firstOf(rows);
}

/** Where the table is gone, nobody reads it; `up` makes it. */
async function recordVersion(tx: Session, table: TableName, migration: string): Promise<void> {
  const [there] = await tx.query('select where to_regclass($1) is not null', [quoteTable(table)]);
  if (there === undefined) return;
  await tx.query(`insert into ${quoteTable(table)} (version) values ($1) on conflict do nothing`, [
    /^\d+/.exec(migration)?.[0],
  ]);
}

/** The steps that a way back makes due again: those of the contract that was taken back, the index that was lost. */
function dueAgain(plan: RunPlan, event: TransitionEvent['kind']): readonly string[] {
  if (event === 'gate_shut') return ['contract/'];
  if (event !== 'unsettled') return [];
  const built = [...plan.steps.expand, ...plan.steps.settle].filter(
    (s) => s.kind === 'index' || s.kind === 'scan',
  );
  return built.map((step) => step.id);
}

async function replacePlan(tx: Session, seen: RunRow, plan: RunPlan, actor: Actor): Promise<RunRow> {
  const { run, now } = await lockUnmoved(tx, seen);
  // A straight plan does everything in one transaction or nothing, so while it expands nothing is done yet.
  const untouched = run.state.kind === 'pending' || (run.state.kind === 'expanding' && run.plan.straight);
  if (!untouched) throw new InvalidTransitionError(run.state.kind, 'replan');
  const rows = await tx.query<RunRow & Row>(
    `update bellows.runs
     set plan = $2,
       checksum = $3,
       version = version + 1,
       updated_at = $4
     where id = $1
     returning ${RUN_COLUMNS}`,
    [run.id, JSON.stringify(plan), plan.checksum, now],
  );
  await recordEntry(tx, entryOf(run, actor, 'replan', { from: run.checksum, to: plan.checksum }));
  return firstOf(rows);
}

/** The run as it was seen, locked; what another process did to it since is not ours to undo. */
async function lockUnmoved(
  tx: Session,
  seen: RunRow,
): Promise<{ readonly run: RunRow; readonly now: string }> {
  const locked = await lockRun(tx, seen.id);
  if (locked === null || locked.run.version !== seen.version) throw movedOn(seen);
  return locked;
}

function movedOn(seen: RunRow): FencedError {
  return new FencedError(`Another process has moved ${seen.migration} on since it was read.`, {
    migration: seen.migration,
    version: seen.version,
  });
}

async function changePace(
  tx: Session,
  runId: number,
  turn: (now: PaceSettings) => PaceSettings,
  actor: Actor,
  reason: string | undefined,
): Promise<PaceSettings> {
  const locked = await lockRun(tx, runId);
  if (locked === null) throw new TypeError('a run is never deleted');
  const { run } = locked;
  const pace = turn(run.pace);
  await tx.query('update bellows.runs set pace = $2, updated_at = clock_timestamp() where id = $1', [
    runId,
    JSON.stringify(pace),
  ]);
  const why = reason === undefined ? {} : { reason };
  await recordEntry(tx, entryOf(run, actor, 'set_pace', { ...why, from: run.pace, to: pace }));
  return pace;
}

async function addSkip(
  tx: Session,
  run: RunRow,
  check: CheckId,
  reason: string,
  actor: Actor,
): Promise<void> {
  await tx.query(
    `update bellows.runs
     set skips = skips || jsonb_build_object($2::text, $3::jsonb),
       updated_at = clock_timestamp()
     where id = $1`,
    [run.id, check, JSON.stringify({ reason, by: actor })],
  );
  await recordEntry(tx, entryOf(run, actor, 'skip_check', { check, reason, checksum: run.checksum }));
}

function entryOf(run: RunRow, actor: Actor, action: string, detail: Row): Entry {
  return { actor, migration: run.migration, runId: run.id, action, detail };
}

async function readHolds(session: Session, runId: number): Promise<readonly Hold[]> {
  return session.query<Hold & Row>(
    `select signal, value, "limit", text, release, since
     from bellows.holds
     where run_id = $1
     order by since, signal`,
    [runId],
  );
}

/** Of a statement that always gives a row. */
function firstOf<R>(rows: readonly R[]): R {
  const [row] = rows;
  if (row === undefined) throw new TypeError('a statement that always gives a row gave none');
  return row;
}
