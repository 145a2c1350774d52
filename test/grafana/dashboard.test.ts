import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METRIC_NAMES, type MetricName, specOf } from '#observe/catalogue';
import { PHASES } from '#observe/labels';
import { generated, ROOT } from '../../grafana/build.js';

interface Panel {
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
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
  readonly panels?: readonly Panel[];
}
interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly query: string;
  readonly multi: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly datasource?: { readonly uid: string };
}
interface Dashboard {
  readonly id?: number;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const FILE = 'grafana/dashboards/bellows-migration.json';
const dashboard = JSON.parse(generated()[FILE]!) as Dashboard;
const flat = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
const shown = flat.filter((panel) => panel.type !== 'row');
const targets = shown.flatMap((panel) =>
  (panel.targets ?? []).map((target) => ({ panel: panel.title, ...target })),
);
const expressions = [...targets.map((t) => t.expr), ...dashboard.annotations.list.map((a) => a.expr)];

for (const [path, text] of Object.entries(generated())) {
  it(`${path} is as committed; else: npm run generate`, async () => {
    expect(await readFile(`${ROOT}${path}`, 'utf8')).toBe(text);
  });
}

/** The selectors of a query: the name of the series, its matchers. */
function selectors(
  expr: string,
): readonly { readonly series: string; readonly matched: readonly string[] }[] {
  return [...expr.matchAll(/\b([a-z_]+)\{([^}]*)\}/g)].map(([, series, inside]) => ({
    series: series!,
    matched: [...inside!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  }));
}
function metricOf(series: string): MetricName | undefined {
  return METRIC_NAMES.find((name) =>
    specOf(name).type === 'histogram'
      ? [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(series)
      : name === series,
  );
}

describe('queries', () => {
  it('name metrics of the catalogue, with labels that they have', () => {
    for (const expr of expressions) {
      expect(selectors(expr).length, expr).toBeGreaterThan(0);
      for (const { series, matched } of selectors(expr)) {
        const metric = metricOf(series);
        expect(metric, `${series} in ${expr}`).toBeDefined();
        const known = [
          ...specOf(metric!).labels,
          'job',
          'instance',
          ...(series.endsWith('_bucket') ? ['le'] : []),
        ];
        expect(known, expr).toEqual(expect.arrayContaining([...matched]));
      }
      // A name outside of a selector would escape the check above.
      const bare = expr.replaceAll(/\w+\{[^}]*\}/g, '').match(/bellows_\w+/g);
      expect(bare, expr).toBeNull();
    }
  });

  it('group by labels that every metric below has, and print those', () => {
    for (const { expr, legendFormat } of targets) {
      const groups = groupings(expr);
      for (const { labels, below } of groups) {
        expect(selectors(below).length, expr).toBeGreaterThan(0);
        for (const { series } of selectors(below)) {
          const known = [...specOf(metricOf(series)!).labels, ...(series.endsWith('_bucket') ? ['le'] : [])];
          expect(known, `${labels} of ${series} in ${expr}`).toEqual(expect.arrayContaining([...labels]));
        }
      }
      const printed = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      const kept = groups.flatMap((group) => group.labels);
      for (const label of printed) expect(kept, `{{${label}}} of ${expr}`).toContain(label);
    }
  });

  it('filter by job and instance, and by migration where there is one', () => {
    for (const expr of expressions) {
      for (const { series, matched } of selectors(expr)) {
        const wanted = [
          'job',
          'instance',
          ...(specOf(metricOf(series)!).labels.includes('migration') ? ['migration'] : []),
        ];
        expect(matched, expr).toEqual(expect.arrayContaining(wanted));
      }
    }
  });

  it('rate counters, over $__rate_interval, and only counters', () => {
    for (const expr of expressions) {
      for (const { series } of selectors(expr)) {
        const rated = new RegExp(`(?:rate|increase)\\(${series}\\{[^}]*\\}\\[\\$__rate_interval\\]\\)`).test(
          expr,
        );
        const counts = specOf(metricOf(series)!).type !== 'gauge';
        expect(rated, `${series} in ${expr}`).toBe(counts);
      }
    }
  });

  it('show each phase by its name', () => {
    const phase = shown.find((panel) => panel.title === 'Phase')!;
    const words = phase.fieldConfig?.defaults.mappings?.[0]?.options ?? {};
    for (const [i, name] of PHASES.entries()) {
      expect(phase.targets?.[0]?.expr).toContain(`phase="${name}"} == 1) * ${i + 1}`);
      expect(words[String(i + 1)]?.text).toBe(name.replaceAll('_', ' '));
    }
  });

  it('are PromQL', async ({ skip }) => {
    if (spawnSync('promtool', ['--version']).error !== undefined)
      skip('promtool is not on the PATH: not parsed');
    const rules = expressions.map((expr, i) => ({ record: `q:${i}`, expr: filled(expr) }));
    const folder = await mkdtemp(join(tmpdir(), 'bellows-rules-'));
    try {
      const file = join(folder, 'rules.yml');
      // JSON is YAML.
      await writeFile(file, JSON.stringify({ groups: [{ name: 'g', rules }] }));
      const checked = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
      expect(`${checked.stderr}`).toBe('');
      expect(checked.status).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** `by (…) (…)` and `on (…) (…)`: the labels, and the part of the query that they are about. */
function groupings(expr: string): readonly { readonly labels: readonly string[]; readonly below: string }[] {
  return [...expr.matchAll(/\b(?:by|on) \(([^)]*)\) \(/g)].map((match) => {
    const start = match.index + match[0].length;
    let end = start;
    for (let depth = 1; depth > 0; end += 1) {
      if (expr[end] === '(') depth += 1;
      if (expr[end] === ')') depth -= 1;
    }
    return { labels: match[1]!.split(', '), below: expr.slice(start, end) };
  });
}

function filled(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '6h')
    .replaceAll(/\$(job|instance|migration)/g, '.+');
}

describe('panels', () => {
  it('have a title, words on what good looks like, a unit, and the chosen data source', () => {
    for (const panel of shown) {
      expect(panel.title).not.toBe('');
      expect(panel.description, panel.title).toMatch(/Good\b/);
      expect(panel.fieldConfig?.defaults.unit, panel.title).toBeTruthy();
      expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
      for (const target of [panel, ...(panel.targets ?? [])])
        expect(target.datasource?.uid).toBe(`\${datasource}`);
      const refs = (panel.targets ?? []).map((t) => t.refId);
      expect(new Set(refs).size).toBe(refs.length);
    }
  });

  it('have ids of their own, lie within 24 columns, and on no other', () => {
    expect(new Set(flat.map((panel) => panel.id)).size).toBe(flat.length);
    for (const { title, gridPos: a, id } of flat) {
      expect(a.x + a.w, title).toBeLessThanOrEqual(24);
      for (const { gridPos: b, title: other, id: otherId } of flat) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(id === otherId || apart, `${title} lies on ${other}`).toBe(true);
      }
    }
  });
});

describe('the dashboard', () => {
  it('can be imported anywhere and edited nowhere', () => {
    expect(dashboard.schemaVersion).toBe(42);
    expect(dashboard.editable).toBe(false);
    expect(dashboard.id ?? null).toBeNull();
    expect(dashboard.uid).toBe('bellows-migration');
  });

  it('has the variables that the dashboard linter asks for', () => {
    const { list } = dashboard.templating;
    expect(list.map((v) => [v.name, v.label])).toEqual([
      ['datasource', 'Data source'],
      ['job', 'Job'],
      ['instance', 'Instance'],
      ['migration', 'Migration'],
    ]);
    expect([list[0]?.type, list[0]?.query]).toEqual(['datasource', 'prometheus']);
    for (const variable of list.slice(1)) {
      expect(variable).toMatchObject({
        type: 'query',
        multi: true,
        allValue: '.+',
        refresh: 2,
        datasource: { uid: `\${datasource}` },
      });
      const [, metric] = /^label_values\((bellows_\w+)/.exec(variable.query) ?? [];
      expect(METRIC_NAMES).toContain(metric);
    }
  });
});
