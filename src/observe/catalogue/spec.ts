/** The shape of a metric, and short ways to write one. */

interface MetricCommon {
  readonly labels: readonly string[];
  /** As it stands at the end of the name; `none` for counts of things, states and information. */
  readonly unit: Unit;
  readonly help: string;
  readonly source: Source;
}
export type Unit = 'seconds' | 'rows' | 'ratio' | 'bytes' | 'tuples' | 'sessions' | 'jobs' | 'none';
/** `process`: counted by each process from what it did. `postgres`: read from the database, the same from every process. */
export type Source = 'process' | 'postgres' | 'queue';
export type MetricSpec =
  | (MetricCommon & { readonly type: 'counter' | 'gauge' })
  | (MetricCommon & { readonly type: 'histogram'; readonly buckets: readonly number[] });

export const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
export const ROWS = [10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000, 50_000] as const;
export const LOCK_SECONDS = [0.005, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30] as const;

export function gauge<const L extends readonly string[]>(
  source: Source,
  unit: Unit,
  labels: L,
  help: string,
) {
  return { type: 'gauge' as const, source, unit, labels, help };
}

export function counter<const L extends readonly string[]>(
  source: Source,
  unit: Unit,
  labels: L,
  help: string,
) {
  return { type: 'counter' as const, source, unit, labels, help };
}

export function histogram<const L extends readonly string[]>(
  unit: Unit,
  labels: L,
  buckets: readonly number[],
  help: string,
) {
  return { type: 'histogram' as const, source: 'process' as const, unit, labels, buckets, help };
}
