import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stepMarkdown } from '#cli/step-summary';
import { FileError } from '#project/errors';
import { cli } from './outside.js';
import * as samples from './samples.js';

async function summaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bellows-summary-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'summary.md');
}

it('holds what a command of a pipeline answered, also with --json, and not what others say', async () => {
  const file = await summaryFile();
  const env = { GITHUB_STEP_SUMMARY: file };
  const up = { up: async () => samples.upResult([samples.gated], true) };
  await cli('up --json', up, { env });
  await cli('status', { status: async () => ({ migrations: [] }) }, { env });
  await cli('up', up, { env });
  const page = await readFile(file, 'utf8');
  expect(page.match(/^### .*/gm)).toEqual(['### bellows up', '### bellows up']);
  expect(page).toContain(samples.gated.id);
});

it('holds failures without passwords, which are annotations too, at the file in the checkout', async () => {
  const file = await summaryFile();
  const text = { what: 'a.sql:3 is wrong in postgres://u:hunter2@h/d.', next: 'Correct it.' };
  const error = new FileError('BELLOWS_SQL_DIRECTIVE', 'migrations/a.sql', text, { line: 3, column: 7 });
  const ran = await cli(
    'up',
    { up: () => Promise.reject(error) },
    {
      cwd: '/checkout/shop',
      env: { GITHUB_STEP_SUMMARY: file, GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: '/checkout' },
    },
  );
  expect(ran.stderr).toContain(
    '::error file=shop/migrations/a.sql,line=3,col=7,title=BELLOWS_SQL_DIRECTIVE::a.sql:3',
  );
  const page = await readFile(file, 'utf8');
  expect(page).toContain('is wrong');
  expect(page + ran.stderr).not.toContain('hunter2');
});

it('that cannot be written breaks nothing', async () => {
  const up = { up: async () => samples.upResult([], true) };
  const ran = await cli('up', up, { env: { GITHUB_STEP_SUMMARY: '/no/such/folder/x' } });
  expect(ran.exit).toBe(0);
});

it('cannot be ended by what is in it, and stays short', () => {
  const page = stepMarkdown('up', ['```', 'a', ...Array.from({ length: 1000 }, (_, i) => `${i}`)]);
  expect(page.split('\n').filter((line) => line.startsWith('````'))).toEqual(['````text', '````']);
  expect(page.length).toBeLessThan(10_000);
  expect(page).toContain('602 more lines');
});
