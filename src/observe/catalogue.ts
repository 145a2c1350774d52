/** Every metric that Bellows serves, as data: the registry is built from it, `docs/metrics.md` and the dashboards are checked against it. */
import { BACKFILL } from './catalogue/backfill.js';
import { DATABASE } from './catalogue/database.js';
import { MIGRATIONS } from './catalogue/migrations.js';
import { PROCESSES } from './catalogue/processes.js';
import type { MetricSpec } from './catalogue/spec.js';

export type { MetricSpec } from './catalogue/spec.js';

export const CATALOGUE = {
  ...MIGRATIONS,
  ...BACKFILL,
  ...DATABASE,
  ...PROCESSES,
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof CATALOGUE;
type OfType<T extends MetricSpec['type']> = {
  [N in MetricName]: (typeof CATALOGUE)[N]['type'] extends T ? N : never;
}[MetricName];
export type CounterName = OfType<'counter'>;
export type GaugeName = OfType<'gauge'>;
export type HistogramName = OfType<'histogram'>;
export type LabelsOf<N extends MetricName> = Readonly<
  Record<(typeof CATALOGUE)[N]['labels'][number], string>
>;

export const METRIC_NAMES = Object.keys(CATALOGUE) as readonly MetricName[];

export function specOf(name: MetricName): MetricSpec {
  return CATALOGUE[name];
}
