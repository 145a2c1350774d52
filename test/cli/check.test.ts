import { describe, expect, it } from 'vitest';
import type { CheckOptions, CheckReport } from '#api';
import type { DataCheckResult } from '#core/data-checks';
import { cli } from './outside.js';

const clean: DataCheckResult = {
  ...{ check: 'orphans', verdict: 'ok', did: ['3 validated foreign keys'], seconds: 0.1 },
  ...{ findings: [], unknown: [], notices: [], scans: [] },
};
const found: DataCheckResult = {
  ...clean,
  ...{ check: 'queries', verdict: 'findings' },
  findings: [
    {
      ...{ table: null, object: 'Orders, 50 % lost', count: 3, estimated: false },
      ...{ means: 'It counts 3.', mend: ['-- the SELECT is at db/checks/shop.sql:7'] },
      place: { file: 'db/checks/shop.sql', line: 7 },
    },
  ],
};
const unseen: DataCheckResult = {
  ...clean,
  ...{ check: 'nulls', verdict: 'unknown' },
  unknown: [{ table: 'users', why: 'not answered within 60 s', next: 'Allow more time.', place: null }],
};

const report = (...checks: DataCheckResult[]): CheckReport => {
  const [findings, unknown] = [
    checks.flatMap((c) => c.findings).length,
    checks.flatMap((c) => c.unknown).length,
  ];
  return { ok: findings + unknown === 0, findings, unknown, checks };
};

describe('check', () => {
  it.each([
    [0, report(clean)],
    [1, report(clean, found)],
    [1, report(unseen)],
  ])('exits %i', async (exit, answer) => {
    expect((await cli('check', { check: async () => answer })).exit).toBe(exit);
  });

  it('shows each check, finding and unknown, with what to do', async () => {
    const { stdout } = await cli('check', { check: async () => report(clean, found, unseen) });
    expect(stdout).toMatchInlineSnapshot(`
      "ok        orphans
                3 validated foreign keys
      FINDINGS  queries
                3 validated foreign keys
                ! Orders, 50 % lost
                  It counts 3.
                  -- the SELECT is at db/checks/shop.sql:7
      UNKNOWN   nulls
                3 validated foreign keys
                ? users: not answered within 60 s
                  Allow more time.

      3 checks: 1 finding, 1 unknown
      "
    `);
  });

  it('says what it scans on stderr, before the answer', async () => {
    const check = async ({ onScan }: CheckOptions = {}) => {
      onScan?.('orphans', { table: 'orders', bytes: 1_288_490_189, rows: 12_000_000 });
      onScan?.('nulls', { table: 'users', bytes: 8192, rows: null });
      return report(clean);
    };
    expect((await cli('check', { check })).stderr).toBe(
      'orphans: scanning orders, 1.2 GB, about 12,000,000 rows\nnulls: scanning users, 8.0 kB, never analysed\n',
    );
  });

  it('annotates in GitHub Actions, on stderr, and nowhere else', async () => {
    const verbs = { check: async () => report(found, unseen) };
    const { stderr } = await cli('check --json', verbs, { env: { GITHUB_ACTIONS: 'true' } });
    expect(stderr).toBe(
      '::error file=db/checks/shop.sql,line=7,title=bellows check queries::Orders, 50 %25 lost: It counts 3.\n' +
        '::warning title=bellows check nulls::users: not answered within 60 s\n',
    );
    expect((await cli('check', verbs)).stderr).toBe('');
  });

  it('takes names and limits, and refuses what is none', async () => {
    const calls: CheckOptions[] = [];
    const check = async ({ onScan: _, ...options }: CheckOptions = {}) => {
      calls.push(options);
      return report(clean);
    };
    await cli('check orphans integer-range --deep --timeout 10m', { check });
    await cli('check', { check });
    expect(calls).toEqual([
      { only: ['orphans', 'integer_range'], deep: true, timeoutMs: 600_000 },
      { deep: false },
    ]);
    for (const line of ['check orphan', 'check --timeout soon', 'check --timeout 0s'])
      expect(await cli(line, {})).toMatchObject({ exit: 2, connections: [] });
  });
});
