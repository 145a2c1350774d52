import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../grafana/build.js';
import { RUNBOOKS } from '../../grafana/runbooks.js';
import { CASES, type Story } from './alert-cases.js';
import { type Alert, alerts, RULES, recordings } from './rules.js';

const noTool = spawnSync('promtool', ['--version']).error !== undefined;
if (noTool) it.skip('promtool is not on the PATH: no rule is tested', () => undefined);

describe('alerts', () => {
  it('say what is, what it means, how urgent it is, and where to read on', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(alert).toMatch(/^Migration[A-Z][A-Za-z]+$/);
      expect(['critical', 'warning', 'info'], alert).toContain(labels.severity);
      expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
      expect(annotations.runbook_url).toBe(`${RUNBOOKS}/${alert}.md`);
    }
  });

  it('have a runbook each, in the list of runbooks and of the same severity; no runbook is without an alert', () => {
    const list = readFileSync(`${ROOT}docs/runbooks/README.md`, 'utf8');
    for (const { alert, labels } of alerts) {
      const file = `${ROOT}docs/runbooks/${alert}.md`;
      expect(existsSync(file), file).toBe(true);
      expect(readFileSync(file, 'utf8')).toContain(`Severity: ${labels.severity}.`);
      expect(list).toContain(`| [${alert}](${alert}.md) | ${labels.severity} |`);
    }
    const pages = readdirSync(`${ROOT}docs/runbooks`).map((file) => file.replace(/\.md$/, ''));
    expect(pages.filter((page) => page !== 'README').sort()).toEqual(alerts.map((a) => a.alert).sort());
  });

  it('have a story in which they fire, and one in which they do not', () => {
    expect(Object.keys(CASES).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });
});

it('recorded series are named level:metric:operations', () => {
  for (const { record } of recordings) expect(record).toMatch(/^(migration|job):bellows_[a-z_]+:[a-z0-9_]+$/);
});

/** As Prometheus writes a label into an annotation. */
function written(text: string, labels: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '');
}

function test(alert: Alert, { series, at }: Story, firing: boolean) {
  const { labels } = CASES[alert.alert]!;
  const expected = {
    exp_labels: { ...labels, severity: alert.labels.severity },
    exp_annotations: Object.fromEntries(
      Object.entries(alert.annotations).map(([name, text]) => [name, written(text, labels)]),
    ),
  };
  return {
    interval: '1m',
    name: `${alert.alert} ${firing ? 'fires' : 'is quiet'}`,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert.alert, exp_alerts: firing ? [expected] : [] }],
  };
}

describe.each(alerts.map((alert) => [alert.alert, alert] as const))('%s', (name, alert) => {
  it.skipIf(noTool).each([
    ['fires', CASES[name]?.fires, true],
    ['is quiet', CASES[name]?.quiet, false],
  ] as const)('%s', async (_, story, firing) => {
    await expectRules([test(alert, story!, firing)]);
  });
});

async function expectRules(tests: readonly unknown[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bellows-alerts-'));
  try {
    const file = join(folder, 'test.yml');
    const rule_files = [`${RULES}/alerts.yml`, `${RULES}/recording.yml`];
    await writeFile(file, JSON.stringify({ rule_files, evaluation_interval: '1m', tests }));
    const ran = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    expect(`${ran.stdout}${ran.stderr}`).toContain('SUCCESS');
    expect(ran.status).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
}
