import { describe, expect, it } from 'vitest';
import type { DumpCheck, DumpResult } from '#api';
import { cli } from './outside.js';

const FACTS = {
  file: 'db/schema.sql',
  provider: 'catalogue',
  grants: false,
  runsInFlight: [{ migration: '20240102150000_split_user_name', state: 'gated' }],
  leftOut: ['subscription s: its connection may hold a password'],
} as const;
const RESULT: DumpResult = { ...FACTS, text: 'CREATE SCHEMA app;\n', changed: true };
const stale: DumpCheck = { ...FACTS, state: 'stale', diff: '--- db/schema.sql\n+++ the database' };

describe('dump', () => {
  it('says what it wrote, and on stderr what is special about it', async () => {
    const ran = await cli('dump', { dump: async () => RESULT });
    expect(ran).toMatchObject({ exit: 0, stdout: 'Wrote db/schema.sql.\n', closed: 1 });
    expect(ran.stderr.split('\n')).toEqual([
      'In flight: 20240102150000_split_user_name (gated). The file holds what it has added to your tables so far.',
      'Left out: subscription s: its connection may hold a password.',
      '',
    ]);
    const current = await cli('dump', { dump: async () => ({ ...RESULT, changed: false }) });
    expect(current.stdout).toBe('db/schema.sql is current; it was not touched.\n');
  });

  it.each(['dump --stdout', 'dump --file -'])('%s prints the text and writes nothing', async (line) => {
    const calls: unknown[] = [];
    const dump = async (options: unknown) => {
      calls.push(options);
      return RESULT;
    };
    expect(await cli(`${line} --grants --provider pg_dump`, { dump })).toMatchObject({
      exit: 0,
      stdout: RESULT.text,
    });
    expect(calls).toEqual([{ write: false, grants: true, provider: 'pg_dump' }]);
  });

  it('--json has no text where a file has it', async () => {
    const written = JSON.parse((await cli('dump --json', { dump: async () => RESULT })).stdout);
    expect(written).toEqual({ ...FACTS, changed: true });
    const printed = JSON.parse((await cli('dump --stdout --json', { dump: async () => RESULT })).stdout);
    expect(printed.text).toBe(RESULT.text);
  });
});

describe('dump --check', () => {
  it('exits 1 with the diff on stdout, and says what to do', async () => {
    const ran = await cli('dump --check', { checkDump: async () => stale });
    expect(ran).toMatchObject({ exit: 1, stdout: `${stale.diff}\n` });
    expect(ran.stderr).toContain('The schema file db/schema.sql is stale. [BELLOWS_DUMP_STALE]');
    expect(ran.stderr).toContain('next: Run bellows dump on a migrated database, and commit the file.');
  });

  it('exits 1 where there is no file, 0 where it is current', async () => {
    const check = (state: DumpCheck['state']) =>
      cli('dump --check --file x.sql', {
        checkDump: async () => ({ ...FACTS, file: 'x.sql', state, diff: '' }),
      });
    expect(await check('missing')).toMatchObject({ exit: 1, stdout: 'x.sql is missing.\n' });
    expect(await check('current')).toMatchObject({ exit: 0, stdout: 'x.sql is current.\n' });
  });

  it('gives the library’s shape with --json', async () => {
    const ran = await cli('dump --check --json', { checkDump: async () => stale });
    expect(ran.exit).toBe(1);
    expect(JSON.parse(ran.stdout)).toEqual(stale);
  });

  it('of stdout is refused', async () => {
    expect(await cli('dump --check --stdout')).toMatchObject({ exit: 2, closed: 0 });
  });
});

describe('load', () => {
  it('says what it loaded', async () => {
    const result = { file: 'schema.sql', statements: 12, oneTransaction: true, seconds: 0.31 };
    const ran = await cli('load --file schema.sql', { load: async () => result });
    expect(ran).toMatchObject({ exit: 0, stdout: 'Loaded schema.sql: 12 statements in 0.3 s.\n' });
    expect(JSON.parse((await cli('load --json', { load: async () => result })).stdout)).toEqual(result);
  });
});
