/** The rules of Grafana's dashboard linter for panels, variables and dashboards. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { describe, expect, it } from 'vitest';
import { METRIC_NAMES } from '#observe/catalogue';
import { PHASES, REASONS } from '#observe/labels';
import { dashboards, panelsOf } from './dashboards.js';

const UNITS: readonly unknown[] = Object.values(units);

it('there are three, each under an id of its own', () => {
  expect(dashboards.map((d) => d.uid)).toEqual(['bellows-fleet', 'bellows-migration', 'bellows-workers']);
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))('%s', (_, dashboard) => {
  const shown = panelsOf(dashboard);
  const flat = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);

  it('has panels with a title, words on what good looks like, a unit, and the chosen data source', () => {
    for (const panel of shown) {
      expect(panel.title).not.toBe('');
      expect(panel.description, panel.title).toMatch(/\bGood\b/);
      expect(UNITS, panel.title).toContain(panel.fieldConfig?.defaults.unit);
      expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
      for (const target of [panel, ...(panel.targets ?? [])])
        expect(target.datasource?.uid).toBe(`\${datasource}`);
      const refs = (panel.targets ?? []).map((t) => t.refId);
      expect(new Set(refs).size).toBe(refs.length);
    }
    expect(new Set(shown.map((panel) => panel.title)).size).toBe(shown.length);
  });

  it('has panels with ids of their own, within 24 columns, and none on another', () => {
    expect(new Set(flat.map((panel) => panel.id)).size).toBe(flat.length);
    for (const { title, gridPos: a, id } of flat) {
      expect(a.x + a.w, title).toBeLessThanOrEqual(24);
      for (const { gridPos: b, title: other, id: otherId } of flat) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(id === otherId || apart, `${title} lies on ${other}`).toBe(true);
      }
    }
  });

  it('can be imported anywhere, edited nowhere, leads to the runbooks, and marks the phases', () => {
    expect(dashboard.schemaVersion).toBe(42);
    expect(dashboard.editable).toBe(false);
    expect(dashboard.id ?? null).toBeNull();
    expect(dashboard.refresh).toBe('30s');
    expect(dashboard.links.find((link) => link.title === 'Runbooks')?.url).toMatch(/\/docs\/runbooks\//);
    expect(dashboard.annotations.list[0]?.expr).toContain('phase_entered_timestamp_seconds');
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

describe('a number that stands for a word', () => {
  const find = (title: string, dashboard = 1) =>
    panelsOf(dashboards[dashboard]!).find((panel) => panel.title === title)!;

  it('is the word of its phase', () => {
    const phase = find('Phase');
    const words = phase.fieldConfig?.defaults.mappings?.[0]?.options ?? {};
    for (const [i, name] of PHASES.entries()) {
      expect(phase.targets?.[0]?.expr).toContain(`phase="${name}"} == 1) * ${i + 1}`);
      expect(words[String(i + 1)]?.text).toBe(name.replaceAll('_', ' '));
    }
  });

  it('is the word of the signal that holds', () => {
    const byReason = find('Migrations, worst first', 0).targets!.find((t) => t.refId === 'F')!;
    for (const [i, reason] of REASONS.entries())
      expect(byReason.expr).toContain(`reason="${reason}"} == 1) * ${i + 1}`);
  });
});

it('the fleet names each column after its query, and sorts by what needs attention', () => {
  const table = panelsOf(dashboards[0]!).find((panel) => panel.type === 'table')!;
  const names = table.transformations?.find(({ id }) => id === 'organize')?.options.renameByName ?? {};
  const values = (table.targets ?? []).map((target) => names[`Value #${target.refId}`]);
  expect(values).not.toContain(undefined);
  expect(table.options?.sortBy?.map((by) => by.displayName)).toEqual(['Attention']);
  expect(values).toContain('Attention');
});
