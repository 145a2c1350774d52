/**
 * How many batches may be in flight, and how long a lone worker rests between two: steered by the worst utilisation of all
 * signals. Pure: the caller hands in readings and times and keeps the state.
 *
 * The zones are spirit's (block/spirit, pkg/throttler): one more below 0.4, one fewer above 0.7, half at 1. Two things keep
 * it still. One more is only tried where the same work by one more would stay below 0.7; and after each step down the next
 * step up waits twice as long, so that a server that does not take one more is asked ever more seldom.
 */
export interface Steering {
  /** Batches in flight at a time, at least 1. */
  readonly level: number;
  /** How long a lone worker rests after a batch, as a multiple of the time that it took. */
  readonly rest: number;
  /** Utilisation over the last readings; null before the first. */
  readonly smooth: number | null;
  /** When the level last changed, and from when on it may grow; milliseconds. */
  readonly changedAt: number;
  readonly growAt: number;
  /** How long a step up waits after a step down, milliseconds. */
  readonly patience: number;
}

export interface Sample {
  /** Milliseconds. */
  readonly at: number;
  /** The worst of all signals, 1 stops; null: nothing could be read, which is no reason to speed up. */
  readonly utilisation: number | null;
}

const LOW = 0.4;
const HIGH = 0.7;
/** Of a reading in the smoothed utilisation: about three readings. */
const WEIGHT = 0.5;
const GROW_MS = 3_000;
const SHED_MS = 2_000;
const MAX_PATIENCE_MS = 120_000;
/** At the stopping point a lone worker works a fifth of the time. */
const MAX_REST = 4;

export function startSteering(level: number): Steering {
  return { level, rest: 0, smooth: null, changedAt: Number.NEGATIVE_INFINITY, growAt: 0, patience: GROW_MS };
}

/** @param ceiling the most that may be in flight, at least 1 */
export function steer(before: Steering, { at, utilisation }: Sample, ceiling: number): Steering {
  const within = { ...before, level: Math.max(1, Math.min(before.level, ceiling)) };
  if (utilisation === null) return within;
  const smooth =
    before.smooth === null ? utilisation : before.smooth + WEIGHT * (utilisation - before.smooth);
  const moved = step({ ...within, smooth }, smooth, { at, utilisation }, ceiling);
  return { ...moved, rest: moved.level === 1 ? restAt(smooth) : 0 };
}

function step(now: Steering, smooth: number, { at, utilisation }: Sample, ceiling: number): Steering {
  const settled = at - now.changedAt >= SHED_MS;
  // The stop itself is by the raw value: a hard limit does not wait for an average.
  if ((utilisation ?? 0) >= 1) return settled ? down(now, Math.floor(now.level / 2), at) : now;
  if (smooth > HIGH) return settled ? down(now, now.level - 1, at) : now;
  if (smooth < LOW && now.level < ceiling && at >= now.growAt && fits(now.level, smooth)) return up(now, at);
  return now;
}

/** The same work by one more worker. */
function fits(level: number, smooth: number): boolean {
  return (smooth * (level + 1)) / level < HIGH;
}

function up(now: Steering, at: number): Steering {
  // Long after the last step the server may be another one: patience is forgotten. Having waited for it is not enough.
  const patience = at - now.changedAt > 2 * MAX_PATIENCE_MS ? GROW_MS : now.patience;
  return { ...now, level: now.level + 1, changedAt: at, growAt: at + GROW_MS, patience };
}

function down(now: Steering, level: number, at: number): Steering {
  if (now.level === 1) return now;
  const patience = Math.min(MAX_PATIENCE_MS, now.patience * 2);
  return { ...now, level: Math.max(1, level), changedAt: at, growAt: at + patience, patience };
}

/** In half steps, so that noise does not change it at every reading. */
function restAt(smooth: number): number {
  const share = Math.max(0, Math.min(1, (smooth - HIGH) / (1 - HIGH)));
  return Math.round(share * MAX_REST * 2) / 2;
}
