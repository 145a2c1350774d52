/**
 * Why a migration is not moving, and what to do: the only place that has these words. Terminal, page, log, API and webhooks
 * show what is made here, so that an operator meets the same sentence wherever they look.
 */

import { inWords } from './duration.js';
import type { Blocker } from './events.js';
import { type CheckResult, holds, isMended, waitsForApprovalOnly } from './gate.js';
import { wholeSeconds } from './numbers.js';
import type { RunPlan } from './plan.js';
import type { State } from './state.js';
import type { Hold } from './throttle.js';

export interface Wait {
  readonly cause: Cause;
  /** Why it stands still or is held, as half a sentence. */
  readonly reason: string;
  /** The command that helps, or what releases it. */
  readonly next: string;
}

export interface StatusFacts {
  readonly state: State;
  readonly plan: RunPlan;
  /** What holds the batches of its walk, or at its gate of what it catches up with. */
  readonly holds: readonly Hold[];
  readonly gate: readonly CheckResult[];
  /** Sessions whose locks the current step waits for. */
  readonly blockers: readonly Blocker[];
  readonly liveWorkers: number;
  /** Whether a process holds the lease: without one no step runs. */
  readonly led: boolean;
  readonly quarantined: number;
  readonly blockedBy: string | null;
  /** The run that backfills its table first, in words: until its end no batch of this one is begun. */
  readonly behind: string | null;
}

interface CauseFacts {
  /** False: it passes by itself. */
  readonly needsYou: boolean;
  readonly sentence: (wait: Wait) => string;
}

const both =
  (joint: string) =>
  ({ reason, next }: Wait): string =>
    `${reason}${joint}${next}`;
const nextOnly = ({ next }: Wait): string => next;
const reasonOnly = ({ reason }: Wait): string => reason;

/** In the order in which they are looked for: the first that is true is the reason, the others stand behind it. */
const CAUSES = {
  failed: { needsYou: true, sentence: nextOnly },
  paused: { needsYou: true, sentence: both('; ') },
  drift: { needsYou: true, sentence: both('; ') },
  order: { needsYou: false, sentence: reasonOnly },
  no_leader: { needsYou: true, sentence: both(': ') },
  lock: { needsYou: false, sentence: both('; ') },
  throttle: { needsYou: false, sentence: both('; ') },
  no_worker: { needsYou: true, sentence: both(': ') },
  quarantine: { needsYou: true, sentence: both(': ') },
  approval: { needsYou: true, sentence: nextOnly },
  gate: { needsYou: true, sentence: both(': ') },
} as const satisfies Readonly<Record<string, CauseFacts>>;
export type Cause = keyof typeof CAUSES;

/** Reason and next command as one sentence. */
export function sentenceOf(wait: Wait): string {
  return CAUSES[wait.cause].sentence(wait);
}

/** Whether a person has to act; what only time or another session releases needs nobody. */
export function needsYou(waits: readonly Wait[]): boolean {
  return waits.some(({ cause }) => CAUSES[cause].needsYou);
}

/** States that only a leader moves on; a walk goes on by its workers alone. */
const NEEDS_A_LEADER: readonly State['kind'][] = ['expanding', 'settling', 'contracting', 'rolling_back'];

export function waitsOf(id: string, facts: StatusFacts): readonly Wait[] {
  const { state } = facts;
  if (state.kind === 'paused') return [pausedWait(id, state)];
  if (state.kind === 'failed') return [failedWait(state)];
  return [
    ...(facts.blockedBy === null ? [] : [driftWait(id, facts.blockedBy)]),
    ...(!facts.led && NEEDS_A_LEADER.includes(state.kind) ? [NO_LEADER] : []),
    ...facts.blockers.map(lockWait),
    ...(state.kind === 'pending' && state.waitsFor !== null ? [orderWait(state.waitsFor, 'begins')] : []),
    ...(state.kind === 'backfilling' ? backfillWaits(id, facts) : []),
    // Rows that it catches up with are held by the same signals; meanwhile the gate only tells what follows from that.
    ...(state.kind === 'gated' ? [...facts.holds.map(throttleWait), ...gateWaits(id, facts)] : []),
  ];
}

function pausedWait(id: string, { by, reason }: Extract<State, { kind: 'paused' }>): Wait {
  return { cause: 'paused', reason: `paused by ${by}: ${reason}`, next: `bellows resume ${id}` };
}

export function failedWait({ message, next }: { readonly message: string; readonly next: string }): Wait {
  return { cause: 'failed', reason: message, next };
}

function driftWait(id: string, drift: string): Wait {
  return { cause: 'drift', reason: drift, next: `restore the file, or bellows rollback ${id}` };
}

function orderWait(reason: string, does: 'begins' | 'goes on'): Wait {
  return { cause: 'order', reason, next: `it ${does} by itself` };
}

const NO_LEADER: Wait = {
  cause: 'no_leader',
  reason: 'no process leads',
  next: 'bellows up, or bellows serve',
};

export function lockWait(blocker: Blocker): Wait {
  return {
    cause: 'lock',
    reason: `waits for a lock held by ${blockerName(blocker)}`,
    next: `bellows kill ${blocker.pid} --reason "…" ends it`,
  };
}

/** `pid 21848 app=reports user=bi idle in transaction`: what does not change from one look to the next. */
export function blockerName({ pid, application, user, state }: Blocker): string {
  const app = application === '' ? '' : ` app=${application}`;
  return `pid ${pid}${app} user=${user} ${state}`;
}

/** `pid 21848 app=reports user=bi idle in transaction 41 min` */
export function blockerText(blocker: Blocker): string {
  return `${blockerName(blocker)} ${inWords(blocker.ageSeconds)}`;
}

export function throttleWait({ text, release }: Hold): Wait {
  return { cause: 'throttle', reason: `held by ${text}`, next: `released when ${release}` };
}

function backfillWaits(id: string, facts: StatusFacts): readonly Wait[] {
  const { holds: held, liveWorkers, quarantined, behind } = facts;
  const idle: Wait = {
    cause: 'no_worker',
    reason: 'no worker is alive',
    next: 'bellows up, or bellows worker',
  };
  // What holds the pace is the other run's to tell: this one has none yet.
  const walking = behind === null ? [...held.map(throttleWait), ...(liveWorkers === 0 ? [idle] : [])] : [];
  return [
    ...(behind === null ? [] : [orderWait(behind, 'goes on')]),
    ...walking,
    ...(quarantined === 0 ? [] : [quarantineWait(id, quarantined)]),
  ];
}

function quarantineWait(id: string, rows: number): Wait {
  return {
    cause: 'quarantine',
    reason: `rows are moved; ${rows} in quarantine`,
    next: `bellows quarantine list ${id}`,
  };
}

function gateWaits(id: string, { gate, plan }: StatusFacts): readonly Wait[] {
  // Where nothing is contracted no person is waited for, unless a check is shut that only a person opens.
  if (plan.steps.contract.length === 0 && gate.some(isMended)) return [];
  if (waitsForApprovalOnly(gate)) return [APPROVAL(id)];
  const shut = gate.filter(holds).toSorted((a, b) => turn(a) - turn(b));
  const [first] = shut;
  if (first === undefined) return [];
  const reason = `gate shut by ${shut.map((r) => r.check).join(', ')}`;
  return [{ cause: 'gate', reason, next: wholeSeconds(first.release ?? first.evidence) }];
}

const APPROVAL = (id: string): Wait => ({
  cause: 'approval',
  reason: 'every check passes; it waits for your approval',
  next: `bellows approve ${id} --reason "…"`,
});

/** What somebody can do now comes first, the approval of it then, and what only time releases last. */
function turn({ check }: CheckResult): number {
  return check === 'soak' ? 2 : check === 'approval' ? 1 : 0;
}
