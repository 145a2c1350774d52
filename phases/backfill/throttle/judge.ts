/** What a reading, or the failure to get one, means: what cannot be seen is taken as bad. */
import { safeMessage, sqlstateOf } from '#core/sqlstate';
import { type Hold, type Reading, STALE_SECONDS } from '#core/throttle';
import { notApplicable, unreadable } from './reading.js';
import type { Signal, SignalId } from './signal.js';

/** Objects that another version or a managed service does not have, and what it does not let this role read. */
const NOT_OFFERED = new Set(['42P01', '42883', '42703', '42704', '0A000', '42501']);

export function readingOfFailure(error: unknown): Reading {
  const text = `cannot be read: ${safeMessage(error)}`;
  return NOT_OFFERED.has(sqlstateOf(error) ?? '')
    ? notApplicable(text, 'the server offers it')
    : unreadable(text);
}

/** Whether the signal was asked for, or was readable before: then "not applicable" is no way out. */
export interface Known {
  readonly declared: boolean;
  readonly wasReadable: boolean;
}

export function judged(signal: Signal, reading: Reading, { declared, wasReadable }: Known): Reading {
  if (reading.verdict !== 'n/a') return reading;
  if (declared || !signal.defaultOn)
    return { ...reading, verdict: 'stop', text: `declared, and ${reading.text}` };
  return wasReadable
    ? { ...reading, verdict: 'stop', text: `was readable before, and now ${reading.text}` }
    : reading;
}

/** A signal as it was last read. */
export interface Seen {
  readonly id: SignalId;
  /** Of the walker's clock; null: not yet. */
  readonly at: number | null;
  readonly reading: Reading | null;
}

/** The hold of a signal, in the words of terminal, page, log and API; null: it lets go. */
export function holdOf({ id, at, reading }: Seen, now: number): Omit<Hold, 'since'> | null {
  if (at === null || reading === null) return stale(id, null);
  const age = (now - at) / 1_000;
  if (age > STALE_SECONDS) return stale(id, Math.round(age));
  if (reading.verdict !== 'stop') return null;
  const { value, limit, text, release } = reading;
  return { signal: id, value, limit, text: `${id}: ${text}`, release };
}

function stale(signal: SignalId, age: number | null): Omit<Hold, 'since'> {
  const text =
    age === null ? 'not read yet' : `the newest reading is ${age} s old (limit ${STALE_SECONDS} s)`;
  return {
    signal,
    value: null,
    limit: STALE_SECONDS,
    text: `${signal}: ${text}`,
    release: 'it can be read again',
  };
}
