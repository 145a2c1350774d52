import { expect, it } from 'vitest';
import type { SeedOptions, SeedReport } from '#api';
import type { SeededFile } from '#core/seed';
import { cli } from './outside.js';

const file: SeededFile = {
  ...{ file: 'seeds/test/1.sql', checksum: 'a', state: 'pending', appliedAt: null },
  ...{ ran: true, statements: 3, seconds: 0.0123 },
};
const changed: SeededFile = {
  ...file,
  file: 'seeds/test/2.ts',
  state: 'changed',
  appliedAt: '2024-01-02T15:00:00.5Z',
};
const skipped: SeededFile = { ...changed, file: 'seeds/test/3.sql', state: 'applied', ran: false };
const report: SeedReport = {
  seeds: 'test',
  environment: 'test',
  database: 'shop',
  files: [file, changed, skipped],
};

const seed = async ({ onFile, onWait }: SeedOptions = {}) => {
  onWait?.('seeds/test/1.sql');
  for (const one of report.files) onFile?.(one);
  return report;
};

it('tells each file on stderr, and the sum on stdout', async () => {
  const ran = await cli('seed test', { seed });
  expect(ran).toMatchObject({ exit: 0, stdout: 'test in database shop: 2 files applied, 1 already there\n' });
  expect(ran.stderr.split('\n')).toEqual([
    'seeds/test/1.sql: another process is just applying it; waiting',
    'seeds/test/1.sql: applied, 3 statements, 12 ms',
    'seeds/test/2.ts: was applied with another text, 2024-01-02 15:00:00 UTC; applied, 3 statements, 12 ms',
    'seeds/test/3.sql: applied already, 2024-01-02 15:00:00 UTC',
    '',
  ]);
  expect(JSON.parse((await cli('seed test --json', { seed })).stdout)).toEqual(report);
});

it('lists', async () => {
  const answer = { ...report, files: report.files.map((one) => ({ ...one, ran: false })) };
  for (const option of ['--list', '--dry-run']) {
    const { stdout } = await cli(`seed test ${option}`, { seed: async () => answer });
    expect(stdout.split('\n')).toEqual([
      'pending  seeds/test/1.sql',
      'changed  seeds/test/2.ts   2024-01-02 15:00:00 UTC',
      'applied  seeds/test/3.sql  2024-01-02 15:00:00 UTC',
      '',
    ]);
  }
});

it('connects to the environment that it names, unless another is chosen; alone it is development', async () => {
  const calls: SeedOptions[] = [];
  const verb = {
    seed: async ({ onFile: _, onWait: __, ...options }: SeedOptions = {}) => {
      calls.push(options);
      return report;
    },
  };
  const connected = async (line: string) => (await cli(line, verb)).connections[0];
  expect(await connected('seed')).toMatchObject({ fallbackEnv: 'development' });
  expect(await connected('seed test --force')).toMatchObject({ fallbackEnv: 'test' });
  expect(await connected('seed --env production --yes')).toMatchObject({ env: 'production' });
  const plain = { dryRun: false, force: false, yes: false };
  expect(calls).toEqual([plain, { ...plain, seeds: 'test', force: true }, { ...plain, yes: true }]);
});
