/** The values that labels may take: closed lists, so that no label grows with the data, and every series can start at 0. */
import type { EventMap } from '#core/events';
import { innerState, type State } from '#core/state';
import { SIGNALS } from '#core/throttle';

/**
 * The phases of a run as a state set, exactly one of them 1. A paused run shows the phase that it left (`bellows_migration_paused`
 * stands beside it), since resuming returns to it. A failed run shows `failed`, since nothing but a person moves it.
 */
export const PHASES = [
  'pending',
  'expanding',
  'backfilling',
  'settling',
  'gated',
  'contracting',
  'done',
  'failed',
  'rolling_back',
  'rolled_back',
] as const;
export type Phase = (typeof PHASES)[number];

export function phaseOf(state: State): Phase {
  return state.kind === 'failed' ? 'failed' : innerState(state).kind;
}

/** `bellows` paused it by itself (a lock that could not be had in time); anything else is a person or a program of theirs. */
export const PAUSERS = ['operator', 'bellows'] as const;

export function pauserOf(by: string): (typeof PAUSERS)[number] {
  return by === 'bellows' ? 'bellows' : 'operator';
}

/** What holds a backfill: the ids of the signals. One with a name of its own (`query:wal`) counts as its kind. */
export const REASONS = [...SIGNALS, 'other'] as const;
export type Reason = (typeof REASONS)[number];

export function reasonOf(signal: string): Reason {
  const kind = /^[a-z_]*/.exec(signal)?.[0];
  return REASONS.find((reason) => reason === kind) ?? 'other';
}

type AttemptOutcome = EventMap['step:attempt']['outcome'];
export const ATTEMPT_OUTCOMES = [
  'ok',
  'lock_timeout',
  'deadlock',
  'statement_timeout',
  'error',
] as const satisfies readonly AttemptOutcome[];

export const BATCH_OUTCOMES = [
  'committed',
  'retried',
  'split',
  'failed',
  'fenced',
] as const satisfies readonly (EventMap['batch:failed']['outcome'] | 'committed')[];

export const STAGES = [
  'read',
  'transform',
  'write',
] as const satisfies readonly EventMap['batch:stage']['stage'][];
export const ROW_OUTCOMES = ['updated', 'quarantined'] as const;
export const LOCK_OUTCOMES = ['acquired', 'timeout'] as const;
export const REDELIVERY_CAUSES = ['stalled', 'reconciled', 'stale'] as const satisfies readonly (
  | EventMap['job:redelivered']['cause']
  | 'stale'
)[];
export const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];
export const OPERATIONS = [
  'ddl',
  'batch',
  'control',
  'probe',
] as const satisfies readonly EventMap['postgres:error']['operation'][];
export const COLLECTORS = ['postgres', 'queue'] as const;

export const ERROR_CLASSES = [
  'lock_timeout',
  'deadlock',
  'serialization',
  'statement_timeout',
  'connection',
  'read_only',
  'disk_full',
  'constraint',
  'data',
  'permission',
  'undefined_object',
  'other',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

const BY_CODE: Readonly<Record<string, ErrorClass>> = {
  '55P03': 'lock_timeout',
  '40P01': 'deadlock',
  '40001': 'serialization',
  '57014': 'statement_timeout',
  '25006': 'read_only',
  '53100': 'disk_full',
  '42501': 'permission',
  '42P01': 'undefined_object',
  '42703': 'undefined_object',
  '42704': 'undefined_object',
  '42883': 'undefined_object',
  '3F000': 'undefined_object',
  '3D000': 'undefined_object',
  '57P01': 'connection',
  '57P02': 'connection',
  '57P03': 'connection',
  '57P05': 'connection',
  // Both end the session.
  '25P03': 'connection',
  '25P04': 'connection',
  '53300': 'connection',
};
const BY_CLASS: Readonly<Record<string, ErrorClass>> = {
  '08': 'connection',
  '22': 'data',
  '23': 'constraint',
  '28': 'permission',
};

/** The class of an SQLSTATE; the codes themselves would be too many series. */
export function errorClass(sqlstate: string): ErrorClass {
  return BY_CODE[sqlstate] ?? BY_CLASS[sqlstate.slice(0, 2)] ?? 'other';
}
