/**
 * How large the next batch is. A batch is measured in heap blocks, since a block costs the same wherever it lies; the
 * controller keeps its duration near a target. Pure: the caller hands in durations and keeps the state.
 *
 * The rule is spirit's (block/spirit, pkg/table): the 90th percentile of recent batches against the target, growth of at
 * most 1.5 a step, a batch over five times the target divides the size by ten.
 */
export interface PaceLimits {
  /** Target duration of a batch in milliseconds. Default 100. */
  readonly targetMs: number;
  readonly minBlocks: number;
  readonly maxBlocks: number;
}
export interface Pace {
  readonly blocks: number;
  /** Durations in ms of the batches since the size was last changed, newest last. */
  readonly recent: readonly number[];
}

export const DEFAULT_LIMITS: PaceLimits = { targetMs: 100, minBlocks: 1, maxBlocks: 65_536 };
/** A step grows by at most this. */
export const GROWTH = 1.5;
/** A batch that took so many times its target makes the next one smaller at once. */
export const OVER = 1.5;
const PANIC = 5;
const SAMPLES = 5;

export function startPace(blocks: number, limits: PaceLimits = DEFAULT_LIMITS): Pace {
  return { blocks: clamp(blocks, limits), recent: [] };
}

export function afterBatch(pace: Pace, durationMs: number, limits: PaceLimits): Pace {
  if (durationMs > PANIC * limits.targetMs) return startPace(pace.blocks / 10, limits);
  const recent = [...pace.recent, durationMs];
  const worst = percentile90(recent);
  // A batch well over the target shrinks at once; growth waits for enough samples of this size.
  if (durationMs > OVER * limits.targetMs) return resize(pace, limits.targetMs / durationMs, limits);
  if (recent.length < SAMPLES && worst > limits.targetMs / GROWTH) return { ...pace, recent };
  return resize(pace, limits.targetMs / worst, limits);
}

export function afterTimeout(pace: Pace, limits: PaceLimits): Pace {
  return startPace(pace.blocks / 2, limits);
}

function resize(pace: Pace, factor: number, limits: PaceLimits): Pace {
  return startPace(pace.blocks * Math.min(factor, GROWTH), limits);
}

function percentile90(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.max(0.01, sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.9))] ?? 0.01);
}

function clamp(blocks: number, limits: PaceLimits): number {
  return Math.max(limits.minBlocks, Math.min(limits.maxBlocks, Math.round(blocks)));
}
