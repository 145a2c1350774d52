/** The stable shape of `status --json`, and the words for what comes next: the same everywhere they are shown. */
import { innerState, type State, type StateKind } from './state.js';
import { type StatusFacts, sentenceOf, type Wait, waitsOf } from './waits.js';

export interface MigrationStatus {
  readonly id: string;
  readonly kind: 'phased' | 'sql';
  /** The state of the work; a pause or a failure stands beside it. */
  readonly state: string;
  readonly paused: { readonly by: string; readonly reason: string; readonly since: string } | null;
  readonly failed: { readonly code: string; readonly message: string; readonly next: string } | null;
  readonly backfill: BackfillStatus | null;
  readonly gate: readonly GateStatus[];
  /** Why it is not moving: the first true cause, and all others behind it; empty where it goes on. */
  readonly waits: readonly Wait[];
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
    /** Signal, value and limit in words, the same in terminal, page, log and API. */
    readonly text: string;
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

export function pausedOf(state: State): MigrationStatus['paused'] {
  return state.kind === 'paused' ? { by: state.by, reason: state.reason, since: state.since } : null;
}

export function failedOf(state: State): MigrationStatus['failed'] {
  return state.kind === 'failed' ? { code: state.code, message: state.message, next: state.next } : null;
}

/** The one sentence that answers "why is it not moving, and what do I do". */
export function nextAction(id: string, facts: StatusFacts): string {
  const [first] = waitsOf(id, facts);
  return first === undefined ? COURSE[facts.state.kind](id, facts) : sentenceOf(first);
}

/** What goes on where nothing is waited for. */
const COURSE: { readonly [S in StateKind]: (id: string, facts: StatusFacts) => string } = {
  pending: () => 'bellows up',
  expanding: () => 'the expand steps run',
  backfilling: () => 'rows are moved by the workers',
  settling: () => 'indexes are built, constraints validated, values verified',
  gated: gatedCourse,
  contracting: () => 'the contract steps run',
  done: () => 'nothing: it is done',
  rolling_back: () => 'what was added is taken back',
  rolled_back: (id) => `nothing: it was rolled back; bellows up ${id} runs it again`,
  paused: (id) => `bellows resume ${id}`,
  failed: (id) => `bellows status ${id}`,
};

function gatedCourse(id: string, { gate, plan }: StatusFacts): string {
  if (plan.steps.contract.length === 0) return 'the last checks are evaluated';
  return gate.length === 0 ? 'the gate is evaluated' : `bellows contract ${id}`;
}

/** Seconds left at the recent rate; null until there is a rate and an estimate. */
export function etaSeconds(done: number, expected: number | null, rate: number | null): number | null {
  if (expected === null || rate === null || rate <= 0) return null;
  return Math.max(0, Math.round((expected - done) / rate));
}

export function stateName(state: State): string {
  return innerState(state).kind;
}
