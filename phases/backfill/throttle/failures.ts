/** Counts what goes wrong with batches, from the events of the walk. */
import type { Listener } from '#core/events';
import { SQLSTATES } from '#core/sqlstate';
import type { Failures } from './signal.js';

const NONE: Failures = { inARow: 0, shortage: null, at: 0 };

export interface FailureCount {
  readonly hear: Listener;
  of(migration: string): Failures;
}

/** @param onChange told when a batch failed in a way that may hold the pace */
export function countFailures(now: () => number, onChange: (migration: string) => void): FailureCount {
  const counts = new Map<string, Failures>();
  const of = (migration: string) => counts.get(migration) ?? NONE;
  const failed = (migration: string, sqlstate: string): void => {
    const rule = SQLSTATES[sqlstate];
    const shortage = rule?.action === 'throttle' ? rule.name : of(migration).shortage;
    counts.set(migration, { inARow: of(migration).inARow + 1, shortage, at: now() });
    onChange(migration);
  };
  return {
    of,
    hear: (name, payload) => {
      if (name === 'batch:committed' && 'migration' in payload) counts.delete(payload.migration);
      // A batch that is split because of a row, or fenced, says nothing about the server.
      if (
        name === 'batch:failed' &&
        'sqlstate' in payload &&
        'outcome' in payload &&
        payload.outcome === 'retried'
      )
        failed('migration' in payload ? payload.migration : '', payload.sqlstate);
    },
  };
}
