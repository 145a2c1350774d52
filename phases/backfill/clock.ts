import { setTimeout as delay } from 'node:timers/promises';

/** Time as a walk needs it: durations and waits. Dates come from the database's clock. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Resolves after `ms`, or as soon as the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};
