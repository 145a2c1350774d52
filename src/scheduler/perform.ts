/** Performs one decided command. Every branch is idempotent: after a crash anywhere the same command is decided again. */
import type { Command } from '#core/decide';
import type { Blocker } from '#core/events';
import { isOpen } from '#core/gate';
import { displayTable } from '#core/identifier';
import type { Step } from '#core/plan';
import { planCatchUp } from '#phases/backfill/catch-up';
import { dispatch } from '#phases/backfill/dispatch';
import { planWalk } from '#phases/backfill/ranges';
import { evaluateGate } from '#phases/contract/evaluate';
import { verifyRun } from '#phases/contract/verify';
import { undoContract } from '#phases/plan/rollback';
import type { Fence, RunRow } from '#ports';
import type { SchedulerDeps } from './deps.js';
import { neighboursMoved } from './neighbours.js';

export type Outcome =
  /** Something changed: decide again at once. */
  | { readonly kind: 'progressed' }
  /** Nothing to do until somebody else moves. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'blocked'; readonly step: Step; readonly blockers: readonly Blocker[] };

const PROGRESSED: Outcome = { kind: 'progressed' };
const IDLE: Outcome = { kind: 'idle' };

export async function perform(
  deps: SchedulerDeps,
  run: RunRow,
  runs: readonly RunRow[],
  command: Command,
  fence: Fence,
  signal: AbortSignal,
): Promise<Outcome> {
  switch (command.do) {
    case 'nothing':
      return IDLE;
    case 'transition':
      await deps.store.transition(run, command.event, deps.actor, fence);
      return PROGRESSED;
    case 'start':
      return start(deps, run, fence);
    case 'step':
      return performStep(deps, run, command.step, fence, signal);
    case 'plan_pass':
      // Too soon after a sweep that left locked rows: nothing is planned yet, and the next tick looks again.
      return (await planWalk(deps, run, command.backfill, command.pass)) ? PROGRESSED : IDLE;
    case 'dispatch':
      await dispatch(deps, run);
      return IDLE;
    case 'catch_up':
      await planCatchUp(deps.database, run, command.backfill);
      await dispatch(deps, run);
      return IDLE;
    case 'verify':
      await verify(deps, run, signal);
      return PROGRESSED;
    case 'evaluate_gate':
      return evaluate(deps, run, runs, fence, signal);
  }
}

/** Nobody waits for this answer, so how far it is goes to the listeners. */
async function verify(deps: SchedulerDeps, run: RunRow, signal: AbortSignal): Promise<void> {
  const { migration } = run;
  await verifyRun(deps, run, {
    signal,
    parallel: deps.verifyParallel,
    onProgress: (done, total) => deps.emit('verify:progress', { migration, done, total }),
  });
}

async function start(deps: SchedulerDeps, run: RunRow, fence: Fence): Promise<Outcome> {
  // A run that waited was planned against a catalogue that has changed since.
  const waited = run.state.kind === 'pending' && run.state.waitsFor !== null;
  const plan = waited ? await deps.files.plan(run.migration, run.id) : null;
  const current = plan === null ? run : await deps.store.replan(run, plan, deps.actor, fence);
  await deps.store.transition(current, { kind: 'start' }, deps.actor, fence);
  return PROGRESSED;
}

async function performStep(
  deps: SchedulerDeps,
  run: RunRow,
  step: Step,
  fence: Fence,
  signal: AbortSignal,
): Promise<Outcome> {
  await deps.store.stepStarted(run.id, step, fence);
  const outcome = await deps.ddl.perform(run, step, fence, signal);
  if (outcome.kind === 'done') return PROGRESSED;
  if (outcome.kind === 'blocked') {
    const { blockers, sqlstate } = outcome;
    // What `status <id>` tells of it, in whichever process it is asked.
    await deps.store.stepBlocked(run.id, step.id, `${sqlstate}: no lock in time`, blockers, fence);
    return { kind: 'blocked', step, blockers };
  }
  if (run.plan.straight) return replanWholeWay(deps, run, fence);
  const reason = `${step.title}: ${outcome.what}`;
  if (run.state.kind === 'contracting' && !run.state.dropped)
    return backToGate(deps, run, reason, fence, signal);
  const failure = { code: 'BELLOWS_VIOLATED', message: reason, next: violatedNext(run, step) };
  await deps.store.transition(run, { kind: 'fail', ...failure }, deps.actor, fence);
  return PROGRESSED;
}

/** Before the first drop the contract falls back to the gate, and leaves nothing behind that could refuse a write. */
async function backToGate(
  deps: SchedulerDeps,
  run: RunRow,
  reason: string,
  fence: Fence,
  signal: AbortSignal,
): Promise<Outcome> {
  for (const step of undoContract(run.plan, run.id)) {
    const undone = await deps.ddl.perform(run, step, fence, signal);
    if (undone.kind === 'blocked') return { kind: 'blocked', step, blockers: undone.blockers };
  }
  await deps.store.transition(run, { kind: 'gate_shut', reason }, deps.actor, fence);
  return PROGRESSED;
}

/** A row appeared in a table that was empty: the run takes the whole way. */
async function replanWholeWay(deps: SchedulerDeps, run: RunRow, fence: Fence): Promise<Outcome> {
  const plan = await deps.files.plan(run.migration, run.id);
  if (plan === null) return IDLE;
  await deps.store.replan(run, plan, deps.actor, fence);
  return PROGRESSED;
}

function violatedNext(run: RunRow, step: Step): string {
  const table =
    step.kind === 'transaction' ? step.tables.map(displayTable).join(', ') : displayTable(step.table);
  return `correct the rows of ${table}, then bellows resume ${run.migration}; or bellows rollback ${run.migration}`;
}

async function evaluate(
  deps: SchedulerDeps,
  run: RunRow,
  runs: readonly RunRow[],
  fence: Fence,
  signal: AbortSignal,
): Promise<Outcome> {
  const findings = await evaluateGate({
    ...deps.gate,
    database: deps.database,
    catalogue: deps.catalogue,
    run,
    others: runs.filter((other) => other.id !== run.id),
    fileChecksum: deps.files.checksum(run.migration),
    now: await deps.store.now(),
  });
  if (
    findings.fingerprint.verdict === 'fail' &&
    (await neighboursMoved(deps.database, run, await deps.store.runs()))
  ) {
    await verify(deps, run, signal);
    return PROGRESSED;
  }
  const results = await deps.store.saveChecks(run.id, findings, fence);
  const open = isOpen(results);
  deps.emit('gate:evaluated', { migration: run.migration, open, results });
  return PROGRESSED;
}
