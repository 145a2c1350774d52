import { expect, it } from 'vitest';
import { METRIC_NAMES, type MetricName } from '#observe/catalogue';
import { annotations, known, metricOf, selectorsOf, targets } from './dashboards.js';
import { alerts, inRules, recordings } from './rules.js';

/** Served for queries of one's own, each with the reason why no panel and no alert shows it. */
const RAW: Readonly<Partial<Record<MetricName, string>>> = {
  bellows_sql_statement_seconds: 'plain SQL runs between two looks; who asks, asks for one migration',
  bellows_sql_lock_held_seconds: 'as the statements themselves',
  bellows_migration_info: 'joins a table or a checksum to other metrics',
  bellows_throttle_events_total: 'the seconds that holds cost are shown; their number explains a saw',
};

const inPanels = [...targets, ...annotations].flatMap(({ expr }) => selectorsOf(expr));
const rules = [...alerts, ...recordings];

it('every metric is in a panel or an alert, or said to be for queries of one’s own', () => {
  const series = [...inPanels, ...rules.flatMap(inRules)].map((selector) => metricOf(selector.series));
  const used = new Set(series);
  expect(METRIC_NAMES.filter((name) => !used.has(name) && !(name in RAW))).toEqual([]);
  expect(Object.keys(RAW).filter((name) => used.has(name as MetricName))).toEqual([]);
});

it('rules name metrics of the catalogue, with labels that they have, or what another rule records', () => {
  const recorded = recordings.map(({ record }) => record);
  for (const rule of rules) {
    expect(inRules(rule).length, rule.expr).toBeGreaterThan(0);
    for (const { series, matched } of inRules(rule)) {
      if (recorded.includes(series)) continue;
      expect(known(series), `${series} in ${rule.expr}`).toBeDefined();
      expect(known(series)!.labels, rule.expr).toEqual(expect.arrayContaining([...matched]));
    }
  }
});
