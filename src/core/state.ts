/**
 * The states of a run, and the only way from one to another.
 *
 *   pending → expanding → backfilling ⇄ settling → gated ⇄ contracting → done
 *                └───────────┴────────────┴──────────┴──→ rolling_back → rolled_back
 *
 * `paused` and `failed` wrap the state that they left, so resuming or retrying needs no bookkeeping.
 * Time comes in as a value (ISO 8601, the database's clock); nothing here reads a clock.
 */
import { InvalidTransitionError } from './errors.js';

export interface Pending {
  readonly kind: 'pending';
  /** Why it does not start yet, e.g. an earlier migration on the same columns. */
  readonly waitsFor: string | null;
}
export interface Expanding {
  readonly kind: 'expanding';
}
export interface Backfilling {
  readonly kind: 'backfilling';
  /** A sweep counts as proof only when it was planned after this. */
  readonly since: string;
  /** Why rows went back to pending, `null` on the first pass. */
  readonly again: string | null;
}
export interface Settling {
  readonly kind: 'settling';
  /** A verification counts only when it was begun after this. */
  readonly since: string;
}
export interface Gated {
  readonly kind: 'gated';
  /** When the gate was first reached; the soak counts from here. */
  readonly since: string;
  /** Set where a contract began and could not be proven: nothing goes on by itself until somebody approves again. */
  readonly fellBack?: { readonly at: string; readonly reason: string };
}
export interface Contracting {
  readonly kind: 'contracting';
  readonly since: string;
  /** After the first drop there is no way back to the gate. */
  readonly dropped: boolean;
}
export interface Done {
  readonly kind: 'done';
  readonly at: string;
}
export interface RollingBack {
  readonly kind: 'rolling_back';
}
export interface RolledBack {
  readonly kind: 'rolled_back';
  readonly at: string;
}

/** The states that do work. */
export type Working = Pending | Expanding | Backfilling | Settling | Gated | Contracting | RollingBack;
export type Plain = Working | Done | RolledBack;

export interface Paused {
  readonly kind: 'paused';
  readonly inner: Working;
  readonly by: string;
  readonly reason: string;
  readonly since: string;
}
export interface Failed {
  readonly kind: 'failed';
  readonly inner: Working;
  readonly code: string;
  readonly message: string;
  readonly next: string;
  readonly since: string;
}

export type State = Plain | Paused | Failed;
export type StateKind = State['kind'];

export type TransitionEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'wait'; readonly reason: string }
  | { readonly kind: 'expanded' }
  | { readonly kind: 'backfilled' }
  | { readonly kind: 'settled' }
  | { readonly kind: 'rows_pending'; readonly reason: string }
  | { readonly kind: 'unsettled'; readonly reason: string }
  | { readonly kind: 'contract' }
  | { readonly kind: 'gate_shut'; readonly reason: string }
  | { readonly kind: 'first_drop' }
  | { readonly kind: 'contracted' }
  | { readonly kind: 'roll_back' }
  | { readonly kind: 'rolled_back' }
  | { readonly kind: 'pause'; readonly by: string; readonly reason: string }
  | { readonly kind: 'resume' }
  | { readonly kind: 'fail'; readonly code: string; readonly message: string; readonly next: string }
  | { readonly kind: 'retry' }
  | { readonly kind: 'rerun' };
export type TransitionKind = TransitionEvent['kind'];

type EventOf<E extends TransitionKind> = Extract<TransitionEvent, { kind: E }>;
type StateOf<S extends StateKind> = Extract<State, { kind: S }>;
type Rule<S extends StateKind, E extends TransitionKind> =
  | ((state: StateOf<S>, event: EventOf<E>, at: string) => State)
  | null;
/** Total on purpose: a new state or event does not compile until each of its cells is written. */
type Table = { readonly [S in StateKind]: { readonly [E in TransitionKind]: Rule<S, E> } };

const never = {
  start: null,
  wait: null,
  expanded: null,
  backfilled: null,
  settled: null,
  rows_pending: null,
  unsettled: null,
  contract: null,
  gate_shut: null,
  first_drop: null,
  contracted: null,
  roll_back: null,
  rolled_back: null,
  pause: null,
  resume: null,
  fail: null,
  retry: null,
  rerun: null,
} as const;

const pause = (inner: Working, event: EventOf<'pause'>, since: string): Paused => ({
  kind: 'paused',
  inner,
  by: event.by,
  reason: event.reason,
  since,
});
const fail = (inner: Working, event: EventOf<'fail'>, since: string): Failed => ({
  kind: 'failed',
  inner,
  code: event.code,
  message: event.message,
  next: event.next,
  since,
});
const rollBack = (): RollingBack => ({ kind: 'rolling_back' });

export const TRANSITIONS: Table = {
  pending: {
    ...never,
    start: () => ({ kind: 'expanding' }),
    wait: (_, event) => ({ kind: 'pending', waitsFor: event.reason }),
    pause,
    fail,
  },
  expanding: {
    ...never,
    expanded: (_, __, at) => ({ kind: 'backfilling', since: at, again: null }),
    roll_back: rollBack,
    pause,
    fail,
  },
  backfilling: {
    ...never,
    backfilled: (_, __, at) => ({ kind: 'settling', since: at }),
    roll_back: rollBack,
    pause,
    fail,
  },
  settling: {
    ...never,
    settled: (_, __, at) => ({ kind: 'gated', since: at }),
    rows_pending: (_, event, at) => ({ kind: 'backfilling', since: at, again: event.reason }),
    roll_back: rollBack,
    pause,
    fail,
  },
  gated: {
    ...never,
    rows_pending: (_, event, at) => ({ kind: 'backfilling', since: at, again: event.reason }),
    unsettled: (_, __, at) => ({ kind: 'settling', since: at }),
    contract: (state) => ({ kind: 'contracting', since: state.since, dropped: false }),
    roll_back: rollBack,
    pause,
    fail,
  },
  contracting: {
    ...never,
    // Contracting cannot be paused: it is short, and half a contract is the one place nobody should stand in.
    gate_shut: (state, event, at) => {
      if (state.dropped) throw new InvalidTransitionError('contracting (after the first drop)', 'gate_shut');
      return { kind: 'gated', since: state.since, fellBack: { at, reason: event.reason } };
    },
    first_drop: (state) => ({ ...state, dropped: true }),
    contracted: (_, __, at) => ({ kind: 'done', at }),
    fail,
  },
  done: never,
  rolling_back: { ...never, rolled_back: (_, __, at) => ({ kind: 'rolled_back', at }), fail },
  rolled_back: { ...never, rerun: () => ({ kind: 'pending', waitsFor: null }) },
  paused: {
    ...never,
    resume: (state) => state.inner,
    roll_back: (state) => {
      if (state.inner.kind === 'pending')
        throw new InvalidTransitionError('paused before its start', 'roll_back');
      return rollBack();
    },
  },
  failed: {
    ...never,
    retry: (state) => state.inner,
    roll_back: (state) => {
      if (state.inner.kind === 'contracting' || state.inner.kind === 'pending') {
        throw new InvalidTransitionError(`failed while ${state.inner.kind}`, 'roll_back');
      }
      return rollBack();
    },
  },
};

/** The state after `event`. Throws `InvalidTransitionError` where the table has no rule. */
export function transition(state: State, event: TransitionEvent, at: string): State {
  const rule = TRANSITIONS[state.kind][event.kind] as
    | ((s: State, e: TransitionEvent, at: string) => State)
    | null;
  if (rule === null) throw new InvalidTransitionError(state.kind, event.kind);
  return rule(state, event, at);
}

/** The working state below a pause or a failure. */
export function innerState(state: State): Plain {
  return state.kind === 'paused' || state.kind === 'failed' ? state.inner : state;
}

/** What the gate's checks saw before this says nothing about the gate as it is now. */
export function gateSince(state: Gated): string {
  return state.fellBack?.at ?? state.since;
}

export function isFinal(state: State): boolean {
  return state.kind === 'done' || state.kind === 'rolled_back';
}
