/** Queries as the dashboards write them: every selector filters by job and instance, and by migration where the metric has one. */
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { type HistogramName, type MetricName, specOf } from '#observe/catalogue';

export const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` } as const;

const MATCHERS = ['job=~"$job"', 'instance=~"$instance"'] as const;

/** `name{job=~"$job", …}`; `more` are further matchers. */
export function select(name: MetricName, ...more: readonly string[]): string {
  return selectAs(name, name, more);
}

export function bucketsOf(name: HistogramName, ...more: readonly string[]): string {
  return selectAs(name, `${name}_bucket`, more);
}

function selectAs(name: MetricName, series: string, more: readonly string[]): string {
  const ofMigration = specOf(name).labels.includes('migration') ? ['migration=~"$migration"'] : [];
  return `${series}{${[...MATCHERS, ...ofMigration, ...more].join(', ')}}`;
}

/** Node's own metrics, which the library that Bellows uses serves beside its own. */
export const RUNTIME = {
  nodejs_eventloop_lag_p99_seconds: 'gauge',
  process_resident_memory_bytes: 'gauge',
  process_cpu_seconds_total: 'counter',
} as const;

export function runtime(name: keyof typeof RUNTIME): string {
  return `${name}{${MATCHERS.join(', ')}}`;
}

export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

export function increase(selector: string): string {
  return `increase(${selector}[$__rate_interval])`;
}

/** What every process reads from PostgreSQL is the same: the largest, so that two processes do not double it. */
export function same(by: string, name: MetricName, ...more: readonly string[]): string {
  return `max by (${by}) (${select(name, ...more)})`;
}

/** What each process counts for itself. */
export function total(by: string, expression: string): string {
  return by === '' ? `sum(${expression})` : `sum by (${by}) (${expression})`;
}

export function quantile(q: number, by: string, name: HistogramName, ...more: readonly string[]): string {
  const grouped = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${q}, sum by (${grouped}) (${rate(bucketsOf(name, ...more))}))`;
}

/** Mean of what a histogram counted. */
export function mean(by: string, name: HistogramName): string {
  const of = (series: string) => `sum by (${by}) (${rate(selectAs(name, `${name}_${series}`, []))})`;
  return `${of('sum')} / ${of('count')}`;
}

/** A query of a panel: over time. */
export function range(refId: string, expr: string, legend: string): Query {
  return base(refId, expr, legend).range();
}

/** A query of a stat: the value at the end of the time range. */
export function instant(refId: string, expr: string, legend: string): Query {
  return base(refId, expr, legend).instant();
}

export function heat(refId: string, expr: string): Query {
  return base(refId, expr, '{{le}}').range().format(PromQueryFormat.Heatmap);
}

/** A query of a table: one value for each series at the end of the time range. */
export function cell(refId: string, expr: string): Query {
  return base(refId, expr, '').instant().format(PromQueryFormat.Table);
}

export type Query = DataqueryBuilder;

function base(refId: string, expr: string, legend: string): Query {
  return new DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr).legendFormat(legend);
}
