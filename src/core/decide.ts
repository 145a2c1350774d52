/**
 * What the leader does next with one run. A snapshot is read, a command is decided from it alone, the command is
 * performed; no decision stands between two awaits.
 */
import { type CheckResult, isOpen } from './gate.js';
import {
  type BackfillPlan,
  catchesUp,
  isTransform,
  type RunPlan,
  type Step,
  type StepPhase,
} from './plan.js';
import type { State, TransitionEvent } from './state.js';

/** A backfill as its ledger shows it. */
export interface BackfillSnapshot {
  /** The newest pass; 0: nothing planned yet. 1 is the walk, later ones are sweeps. */
  readonly pass: number;
  /** When the newest pass was planned, ISO 8601. */
  readonly plannedAt: string | null;
  readonly openRanges: number;
  /** Rows that the newest pass moved, and rows it had to leave because they were locked. */
  readonly rowsInPass: number;
  readonly leftLocked: number;
}

export interface VerificationSnapshot {
  readonly finishedAt: string;
  readonly pending: number;
}

export interface Snapshot {
  readonly state: State;
  readonly plan: RunPlan;
  readonly doneSteps: ReadonlySet<string>;
  readonly backfills: readonly BackfillSnapshot[];
  /** Why it may not start or backfill yet: an earlier run on the same objects. */
  readonly conflict: string | null;
  /** Why neither expand nor contract may begin: its window is closed. */
  readonly closed: string | null;
  /** The newest finished verification: while settling since that began, at the gate of all. */
  readonly verification: VerificationSnapshot | null;
  /** At the gate: the backfills that writes of the application have given work since. */
  readonly behind: readonly number[];
  /** Results no older than the leader's interval; null: to be evaluated. */
  readonly gate: readonly CheckResult[] | null;
}

export type Command =
  | { readonly do: 'nothing'; readonly reason: string }
  | { readonly do: 'transition'; readonly event: TransitionEvent }
  | { readonly do: 'start' }
  | { readonly do: 'step'; readonly step: Step }
  | { readonly do: 'plan_pass'; readonly backfill: number; readonly pass: number }
  | { readonly do: 'dispatch'; readonly backfill: number }
  | { readonly do: 'catch_up'; readonly backfill: number }
  | { readonly do: 'verify' }
  | { readonly do: 'evaluate_gate' };

export function decide(snapshot: Snapshot): Command {
  const { state } = snapshot;
  switch (state.kind) {
    case 'pending':
      return decidePending(snapshot.conflict ?? snapshot.closed, state.waitsFor);
    case 'expanding':
      return nextStep(snapshot, 'expand') ?? go({ kind: 'expanded' });
    case 'backfilling':
      return decideBackfill(snapshot, state.since);
    case 'settling':
      return decideSettling(snapshot);
    case 'gated':
      return decideGate(snapshot);
    case 'contracting':
      return decideContract(snapshot, state.dropped);
    case 'rolling_back':
      return nextStep(snapshot, 'rollback') ?? go({ kind: 'rolled_back' });
    case 'paused':
      return { do: 'nothing', reason: `paused by ${state.by}: ${state.reason}` };
    case 'failed':
      return { do: 'nothing', reason: `failed: ${state.message}` };
    case 'done':
    case 'rolled_back':
      return { do: 'nothing', reason: state.kind };
  }
}

const go = (event: TransitionEvent): Command => ({ do: 'transition', event });

function nextStep({ plan, doneSteps }: Snapshot, phase: StepPhase): Command | null {
  const step = plan.steps[phase].find((s) => !doneSteps.has(s.id));
  return step === undefined ? null : { do: 'step', step };
}

function decidePending(conflict: string | null, waitsFor: string | null): Command {
  if (conflict === null) return { do: 'start' };
  return conflict === waitsFor ? { do: 'nothing', reason: conflict } : go({ kind: 'wait', reason: conflict });
}

function decideBackfill(snapshot: Snapshot, since: string): Command {
  for (const [index, backfill] of snapshot.backfills.entries()) {
    if (isProven(backfill, since, snapshot.plan.backfills[index])) continue;
    if (snapshot.conflict !== null) return { do: 'nothing', reason: snapshot.conflict };
    if (backfill.openRanges > 0) return { do: 'dispatch', backfill: index };
    return { do: 'plan_pass', backfill: index, pass: backfill.pass + 1 };
  }
  return go({ kind: 'backfilled' });
}

/**
 * Ends by proof: a sweep planned after the state was entered found nothing, and left nothing locked behind. A purge also
 * ends by a sweep that found rows: they became due after the walk had passed them, and as time goes on others always do.
 * So does a transform, which old deploys give work at any time: the gate waits until they no longer do.
 */
export function isProven(backfill: BackfillSnapshot, since: string, plan?: BackfillPlan): boolean {
  const again = plan?.kind === 'purge' || isTransform(plan);
  return (
    backfill.pass >= 2 &&
    backfill.openRanges === 0 &&
    (again || backfill.rowsInPass === 0) &&
    (isTransform(plan) || backfill.leftLocked === 0) &&
    backfill.plannedAt !== null &&
    Date.parse(backfill.plannedAt) >= Date.parse(since)
  );
}

function decideSettling(snapshot: Snapshot): Command {
  // An index of the expansion that was lost since is due again here.
  const step = nextStep(snapshot, 'expand') ?? nextStep(snapshot, 'settle');
  if (step !== null) return step;
  if (snapshot.plan.backfills.length === 0) return go({ kind: 'settled' });
  if (snapshot.verification === null) return { do: 'verify' };
  const { pending } = snapshot.verification;
  return pending > 0
    ? go({ kind: 'rows_pending', reason: `${pending} rows were pending at the verification` })
    : go({ kind: 'settled' });
}

function decideGate({ gate, behind, plan, closed, verification }: Snapshot): Command {
  if (gate === null) return { do: 'evaluate_gate' };
  const [first] = behind;
  if (first !== undefined) return { do: 'catch_up', backfill: first };
  const failing = (check: string) =>
    gate.some((r) => r.check === check && r.verdict === 'fail' && r.skipped === null);
  // Of these alone it is evidence of some seconds ago, which the catch-up has dealt with since; not so what was counted.
  const counted = verification !== null && verification.pending > 0;
  if (failing('pending_rows') && (counted || !plan.backfills.every(catchesUp)))
    return go({ kind: 'rows_pending', reason: 'the gate found pending rows' });
  if (failing('indexes')) return go({ kind: 'unsettled', reason: 'an index is missing or invalid' });
  if (!isOpen(gate)) return { do: 'nothing', reason: 'the gate is shut' };
  return closed === null ? go({ kind: 'contract' }) : { do: 'nothing', reason: closed };
}

function decideContract(snapshot: Snapshot, dropped: boolean): Command {
  const destroyed = snapshot.plan.steps.contract.some(
    (s) => s.kind === 'transaction' && s.destructive && snapshot.doneSteps.has(s.id),
  );
  if (destroyed && !dropped) return go({ kind: 'first_drop' });
  return nextStep(snapshot, 'contract') ?? go({ kind: 'contracted' });
}
