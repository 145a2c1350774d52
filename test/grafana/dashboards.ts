/** The dashboards as Grafana reads them, and what a query is made of. */
import { METRIC_NAMES, type MetricName, specOf } from '#observe/catalogue';
import { DASHBOARDS } from '../../grafana/build.js';
import { RUNTIME } from '../../grafana/dashboards/query.js';

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
  readonly format?: string;
  readonly datasource: { readonly uid: string };
}
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly mappings?: readonly {
        readonly options: Readonly<Record<string, { readonly text: string }>>;
      }[];
    };
  };
  readonly targets?: readonly Target[];
  readonly panels?: readonly Panel[];
  readonly transformations?: readonly {
    readonly id: string;
    readonly options: { readonly renameByName?: Readonly<Record<string, string>> };
  }[];
  readonly options?: { readonly sortBy?: readonly { readonly displayName: string }[] };
}
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly query: string;
  readonly multi: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly datasource?: { readonly uid: string };
}
export interface Dashboard {
  readonly id?: number;
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly refresh: string;
  readonly panels: readonly Panel[];
  readonly links: readonly { readonly title: string; readonly type: string; readonly url: string }[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly { readonly expr: string; readonly name: string }[] };
}

export const dashboards = JSON.parse(JSON.stringify(DASHBOARDS)) as readonly Dashboard[];

export function panelsOf({ panels }: Dashboard): readonly Panel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]).filter((panel) => panel.type !== 'row');
}

export interface Asked extends Target {
  /** `Bellows / Fleet: Phases A`. */
  readonly where: string;
}

export const targets: readonly Asked[] = dashboards.flatMap((dashboard) =>
  panelsOf(dashboard).flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({
      where: `${dashboard.title}: ${panel.title} ${target.refId}`,
      ...target,
    })),
  ),
);
export const annotations: readonly Asked[] = dashboards.flatMap((dashboard) =>
  dashboard.annotations.list.map(({ expr, name }) => ({
    where: `${dashboard.title}: annotation ${name}`,
    refId: '',
    legendFormat: '',
    datasource: { uid: '' },
    expr,
  })),
);

export interface Selector {
  readonly series: string;
  readonly matched: readonly string[];
}

/** The selectors of a query: the name of the series, its matchers. */
export function selectorsOf(expr: string): readonly Selector[] {
  return [...expr.matchAll(/\b([a-z_0-9]+)\{([^}]*)\}/g)].map(([, series, inside]) => ({
    series: series!,
    matched: [...inside!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  }));
}

export interface Known {
  readonly type: string;
  readonly labels: readonly string[];
}

/** What a series is, by the catalogue or as one of Node's own; undefined where nobody serves it. */
export function known(series: string): Known | undefined {
  if (series in RUNTIME) return { type: RUNTIME[series as keyof typeof RUNTIME], labels: ['instance'] };
  const name = metricOf(series);
  if (name === undefined) return undefined;
  const { type, labels } = specOf(name);
  return { type, labels: ['instance', ...labels, ...(series.endsWith('_bucket') ? ['le'] : [])] };
}

export function metricOf(series: string): MetricName | undefined {
  return METRIC_NAMES.find((name) =>
    specOf(name).type === 'histogram'
      ? [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(series)
      : name === series,
  );
}

/** With Grafana's variables as Grafana fills them in for "All". */
export function filled(expr: string, rateInterval = '1m', range = '6h'): string {
  return expr
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__range', range)
    .replaceAll(/\$(job|instance|migration)/g, '.+');
}
