/** The rules of Grafana's dashboard linter for queries, and more than it can know. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../grafana/build.js';
import { annotations, filled, known, selectorsOf, targets } from './dashboards.js';

const all = [...targets, ...annotations];

it('name metrics of the catalogue, with labels that they have', () => {
  for (const { expr, where } of all) {
    expect(selectorsOf(expr).length, where).toBeGreaterThan(0);
    for (const { series, matched } of selectorsOf(expr)) {
      expect(known(series), `${series} of ${where}`).toBeDefined();
      expect(['job', ...known(series)!.labels], where).toEqual(expect.arrayContaining([...matched]));
    }
    // A name outside of a selector would escape the check above.
    expect(expr.replaceAll(/\w+\{[^}]*\}/g, '').match(/(bellows|nodejs|process)_\w+/g), where).toBeNull();
  }
});

it('group by labels that every metric below has, and print those', () => {
  for (const { expr, legendFormat, where } of targets) {
    const groups = groupings(expr);
    for (const { labels, below } of groups) {
      expect(selectorsOf(below).length, where).toBeGreaterThan(0);
      for (const { series } of selectorsOf(below)) {
        expect(known(series)!.labels, `${labels} of ${series}, ${where}`).toEqual(
          expect.arrayContaining([...labels]),
        );
      }
    }
    const kept = groups.length === 0 ? ['instance'] : groups.flatMap((group) => group.labels);
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(kept, where).toContain(label);
  }
});

it('filter by job and instance, and by migration where there is one', () => {
  for (const { expr, where } of all) {
    for (const { series, matched } of selectorsOf(expr)) {
      const ofMigration = known(series)!.labels.includes('migration') ? ['migration'] : [];
      expect(matched, where).toEqual(expect.arrayContaining(['job', 'instance', ...ofMigration]));
    }
  }
});

interface Exclusion {
  readonly reason: string;
  readonly entries: readonly { readonly dashboard: string; readonly panel: string }[];
}
const { exclusions } = parse(readFileSync(`${ROOT}grafana/dashboards/.lint`, 'utf8')) as {
  readonly exclusions: Readonly<Record<string, Exclusion>>;
};

it('obey all rules of the linter but one, at a place that is there, for a reason that is said', () => {
  expect(Object.keys(exclusions)).toEqual(['target-counter-agg-rule']);
  for (const { reason, entries } of Object.values(exclusions)) {
    expect(reason).not.toBe('');
    for (const { dashboard, panel } of entries)
      expect(targets.filter(({ where }) => where.startsWith(`${dashboard}: ${panel} `))).toHaveLength(1);
  }
});

const isExcluded = (where: string) =>
  exclusions['target-counter-agg-rule']?.entries.some((entry) =>
    where.startsWith(`${entry.dashboard}: ${entry.panel} `),
  );

it('rate counters, over $__rate_interval, and only counters', () => {
  for (const { expr, where } of all) {
    if (isExcluded(where)) continue;
    for (const { series } of selectorsOf(expr)) {
      const rated = new RegExp(`(?:rate|increase)\\(${series}\\{[^}]*\\}\\[\\$__rate_interval\\]\\)`);
      expect(rated.test(expr), `${series} of ${where}`).toBe(known(series)!.type !== 'gauge');
    }
  }
});

it('are PromQL', async ({ skip }) => {
  if (spawnSync('promtool', ['--version']).error !== undefined)
    skip('promtool is not on the PATH: not parsed');
  const rules = all.map(({ expr }, i) => ({ record: `q:${i}`, expr: filled(expr) }));
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
