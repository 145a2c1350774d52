import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createBellows } from '#main';
import { connect, useDatabase } from '../support/database.js';

const database = useDatabase();
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const ID = '20240102150000_nickname';
const FILE = `
import { addColumn, addUnique, createIndex, defineMigration, setNotNull, sql } from 'pgbellows';
export default defineMigration({
  description: 'A nickname for everybody',
  table: 'users',
  expand: [addColumn('nickname', 'text'), addUnique(['nickname'])],
  backfill: { set: { nickname: sql\`nullif(name, 'nobody')\` } },
  contract: [setNotNull('nickname')],
});`;

const LEFTOVERS = `select
  (select count(*) from pg_constraint where conrelid = 'users'::regclass and contype in ('c', 'u'))::int as constraints,
  (select count(*) from pg_index where indrelid = 'users'::regclass)::int as indexes`;

it('a contract that cannot be proven falls back to its gate, leaves nothing behind, and goes through once corrected', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gate-'));
  folders.push(folder);
  await mkdir(join(folder, 'migrations'));
  await writeFile(join(folder, `migrations/${ID}.ts`), FILE);
  const client = await connect(database.url);
  await client.query('create table users (id bigserial primary key, name text not null)');
  await client.query(`insert into users (name) values ('ann'), ('nobody'), ('bea')`);
  const bellows = await createBellows({ cwd: folder, overrides: { databaseUrl: database.url } });
  try {
    await bellows.up();
    const before = (await client.query(LEFTOVERS)).rows[0];
    await bellows.approve(ID, { reason: 'test' });
    await expect(bellows.contract(ID)).rejects.toMatchObject({ code: 'BELLOWS_CONTRACT_FELL_BACK' });
    const history = await bellows.history({ migration: ID });
    expect(history.filter((h) => h.action === 'gate_shut').map((h) => h.detail.reason)).toEqual([
      expect.stringContaining('not_null'),
    ]);
    const gate = await bellows.gate(ID);
    expect(gate.checks.find((c) => c.check === 'approval')).toMatchObject({ verdict: 'fail' });
    // Neither the CHECK that did not hold nor those that did may refuse what an old deploy writes.
    expect((await client.query(LEFTOVERS)).rows[0]).toEqual(before);
    await client.query(`insert into users (name) values ('nobody')`);
    await client.query(`update users set name = 'carl' || id where name = 'nobody'`);
    await bellows.approve(ID, { reason: 'corrected' });
    const { state } = await bellows.contract(ID);
    expect(state).toBe('done');
    await expect(
      client.query(`insert into users (name, nickname) values ('x', 'ann')`),
    ).rejects.toMatchObject({ code: '23505' });
  } finally {
    await bellows.close();
  }
});
