/** The stable shape of `status --json`, and the words for what comes next: the same everywhere they are shown. */
import { inWords } from './duration.js';
import { type CheckResult, holds, waitsForApprovalOnly } from './gate.js';
import type { RunPlan } from './plan.js';
import { innerState, type State } from './state.js';
import type { Hold } from './throttle.js';

export interface MigrationStatus {
  readonly id: string;
  readonly kind: 'phased' | 'sql';
  /** The state of the work; a pause or a failure stands beside it. */
  readonly state: string;
  readonly paused: { readonly by: string; readonly reason: string; readonly since: string } | null;
  readonly failed: { readonly code: string; readonly message: string; readonly next: string } | null;
  readonly backfill: BackfillStatus | null;
  readonly gate: readonly GateStatus[];
  /** What happens next, or what is needed. */
  readonly next: string;
}
export interface BackfillStatus {
  readonly table: string;
  readonly rowsDone: number;
  /** The planner's estimate; null where there is none. */
  readonly rowsExpected: number | null;
  readonly rowsPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly batchRows: number | null;
  readonly concurrency: number;
  readonly throttle: readonly {
    readonly signal: string;
    readonly value: number | null;
    readonly limit: number;
    readonly release: string;
  }[];
  readonly quarantined: number;
}
export interface GateStatus {
  readonly check: string;
  readonly verdict: string;
  readonly evidence: string;
  readonly release: string | null;
  readonly at: string;
}

export interface StatusFacts {
  readonly state: State;
  readonly plan: RunPlan;
  readonly holds: readonly Hold[];
  readonly gate: readonly CheckResult[];
  readonly liveWorkers: number;
  /** Whether a process holds the lease: without one no step runs. */
  readonly led: boolean;
  readonly quarantined: number;
  readonly blockedBy: string | null;
}

export function pausedOf(state: State): MigrationStatus['paused'] {
  return state.kind === 'paused' ? { by: state.by, reason: state.reason, since: state.since } : null;
}

export function failedOf(state: State): MigrationStatus['failed'] {
  return state.kind === 'failed' ? { code: state.code, message: state.message, next: state.next } : null;
}

/** States that only a leader moves on; a walk goes on by its workers alone. */
const NEEDS_A_LEADER: readonly State['kind'][] = ['expanding', 'settling', 'contracting', 'rolling_back'];

/** The one sentence that answers "why is it not moving, and what do I do". */
export function nextAction(id: string, facts: StatusFacts): string {
  const { state } = facts;
  if (state.kind === 'paused') return `paused by ${state.by}: ${state.reason}; bellows resume ${id}`;
  if (state.kind === 'failed') return state.next;
  if (facts.blockedBy !== null) return facts.blockedBy;
  if (!facts.led && NEEDS_A_LEADER.includes(state.kind))
    return 'no process leads: bellows up, or bellows serve';
  switch (state.kind) {
    case 'pending':
      return state.waitsFor ?? 'bellows up';
    case 'expanding':
      return 'the expand steps run';
    case 'backfilling':
      return backfillAction(facts);
    case 'settling':
      return 'indexes are built, constraints validated, values verified';
    case 'gated':
      return gateAction(id, facts);
    case 'contracting':
      return 'the contract steps run';
    case 'done':
      return 'nothing: it is done';
    case 'rolling_back':
      return 'what was added is taken back';
    case 'rolled_back':
      return `nothing: it was rolled back; bellows up ${id} runs it again`;
  }
}

function backfillAction({ holds: held, liveWorkers, quarantined }: StatusFacts): string {
  const hold = held[0];
  if (hold !== undefined) return `held by ${hold.text}; released when ${hold.release}`;
  if (liveWorkers === 0) return 'no worker is alive: bellows up, or bellows worker';
  if (quarantined > 0) return `rows are moved; ${quarantined} in quarantine: bellows quarantine list`;
  return 'rows are moved by the workers';
}

function gateAction(id: string, { gate, plan }: StatusFacts): string {
  if (plan.steps.contract.length === 0) return 'the last checks are evaluated';
  if (gate.length === 0) return 'the gate is evaluated';
  if (waitsForApprovalOnly(gate)) return `bellows approve ${id} --reason "…"`;
  const shut = gate.filter(holds).toSorted((a, b) => turn(a) - turn(b));
  const [first] = shut;
  return first === undefined
    ? `bellows contract ${id}`
    : `gate shut by ${shut.map((r) => r.check).join(', ')}: ${first.release ?? first.evidence}`;
}

/** What somebody can do now comes first, the approval of it then, and what only time releases last. */
function turn({ check }: CheckResult): number {
  return check === 'soak' ? 2 : check === 'approval' ? 1 : 0;
}

/** Seconds left at the recent rate; null until there is a rate and an estimate. */
export function etaSeconds(done: number, expected: number | null, rate: number | null): number | null {
  if (expected === null || rate === null || rate <= 0) return null;
  return Math.max(0, Math.round((expected - done) / rate));
}

export function etaWords(seconds: number | null): string {
  return seconds === null ? 'measuring' : seconds === 0 ? 'due' : inWords(seconds);
}

export function stateName(state: State): string {
  return innerState(state).kind;
}
