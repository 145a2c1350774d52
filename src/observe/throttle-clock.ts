/** Counts the seconds of a hold while it lasts: a hold of an hour must not appear as one jump when it ends. */
import type { Instruments } from './instruments.js';
import { reasonOf } from './labels.js';

export interface ThrottleClock {
  on(migration: string, signal: string): void;
  /** @param seconds how long it lasted, for a hold whose beginning was not heard */
  off(migration: string, signal: string, seconds: number): void;
  /** Adds the time since the last call, for every hold that lasts. */
  advance(): void;
  forget(migration: string): void;
}

interface Running {
  readonly migration: string;
  readonly signal: string;
  /** Up to when it is counted, milliseconds. */
  readonly until: number;
}

export function throttleClock(to: Instruments, now: () => number): ThrottleClock {
  const running = new Map<string, Running>();
  const key = (migration: string, signal: string): string => JSON.stringify([migration, signal]);
  const add = (migration: string, signal: string, seconds: number): void =>
    to.inc('bellows_throttle_seconds_total', { migration, reason: reasonOf(signal) }, Math.max(0, seconds));
  const advance = (id: string, hold: Running): void => {
    const at = now();
    add(hold.migration, hold.signal, (at - hold.until) / 1_000);
    running.set(id, { ...hold, until: at });
  };
  return {
    on: (migration, signal) => {
      const id = key(migration, signal);
      if (!running.has(id)) running.set(id, { migration, signal, until: now() });
    },
    off: (migration, signal, seconds) => {
      const id = key(migration, signal);
      const hold = running.get(id);
      if (hold === undefined) return add(migration, signal, seconds);
      advance(id, hold);
      running.delete(id);
    },
    advance: () => {
      for (const [id, hold] of running) advance(id, hold);
    },
    forget: (migration) => {
      for (const [id, hold] of running) if (hold.migration === migration) running.delete(id);
    },
  };
}
