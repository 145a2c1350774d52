/** Readings, made from what was measured. */
import type { Reading } from '#core/throttle';

/** From here on one worker less, or a rest between batches; 1 stops. */
export const SLOW_AT = 0.7;

interface Measured {
  readonly value: number;
  /** Stops here. */
  readonly limit: number;
  /** Slows from here on. Default: 0.7 of the limit. */
  readonly slow?: number;
  /** What was seen, with the limit, in words. */
  readonly text: string;
  readonly release: string;
}

/** Go below `slow`, slow up to `limit`, stop from there on. */
export function measured({ value, limit, slow = limit * SLOW_AT, text, release }: Measured): Reading {
  const utilisation = share(value, Math.min(slow, limit), limit);
  const verdict = value >= limit ? 'stop' : value >= slow ? 'slow' : 'go';
  return { value, limit, verdict, utilisation, text, release };
}

/** 0.7 at `slow`, 1 at `limit`, straight between them and below. */
function share(value: number, slow: number, limit: number): number {
  if (value >= limit) return limit > 0 ? Math.max(1, value / limit) : 1;
  if (value < slow) return (SLOW_AT * value) / slow;
  return SLOW_AT + ((1 - SLOW_AT) * (value - slow)) / (limit - slow);
}

/** What this server cannot offer: it is named by `plan`, and holds nothing unless it was declared. */
export function notApplicable(text: string, release: string): Reading {
  return { value: null, limit: 0, verdict: 'n/a', utilisation: null, text, release };
}

/** Could not be read, and counts as bad. */
export function unreadable(text: string): Reading {
  return {
    value: null,
    limit: 0,
    verdict: 'stop',
    utilisation: null,
    text,
    release: 'it can be read again',
  };
}

/** The one that is nearest to its limit speaks for a signal that measures several things. */
export function worstOf(first: Reading, ...others: readonly Reading[]): Reading {
  return others.reduce(
    (worst, one) => ((one.utilisation ?? 0) > (worst.utilisation ?? 0) ? one : worst),
    first,
  );
}

/** Two digits after the point at most: `6.2`, `0.05`, `12`. */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
