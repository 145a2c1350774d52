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

const SPLIT = `
import { addCheck, addColumn, addUnique, createIndex, defineMigration, dropColumn, setNotNull, sql } from 'pgbellows';
export default defineMigration({
  description: 'Split the name',
  table: 'users',
  expand: [
    addColumn('first_name', 'varchar(100)'),
    addColumn('last_name', 'varchar(100)', { default: sql\`''\` }),
    createIndex(['last_name']),
    addUnique(['email']),
    addCheck('users_name_given', sql\`first_name <> ''\`),
  ],
  backfill: {
    set: { first_name: sql\`split_part(full_name, ' ', 1)\`, last_name: sql\`split_part(full_name, ' ', 2)\` },
    reverse: { full_name: sql\`concat_ws(' ', first_name, last_name)\` },
  },
  contract: [setNotNull('first_name'), dropColumn('full_name')],
  gate: { soak: '7d' },
});`;

async function project(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'straight-'));
  folders.push(folder);
  await mkdir(join(folder, 'migrations'));
  await writeFile(join(folder, 'migrations/20240102150000_split.ts'), SPLIT);
  await writeFile(
    join(folder, 'bellows.config.ts'),
    `import { defineConfig } from 'pgbellows'; export default defineConfig({ environments: { ci: { gate: 'data-only' } } });`,
  );
  return folder;
}

const COLUMNS = `select string_agg(attname || case when attnotnull then '!' else '' end, ' ' order by attnum) as columns
from pg_attribute where attrelid = 'users'::regclass and attnum > 0 and not attisdropped`;
const OURS = `select count(*)::int as n from pg_trigger where tgrelid = 'users'::regclass and not tgisinternal`;

it('an empty table goes straight through to done, in one transaction, without marker, trigger or jobs', async () => {
  const client = await connect(database.url);
  await client.query(`create table users (id bigserial primary key, email text, full_name text not null)`);
  const bellows = await createBellows({
    cwd: await project(),
    env: 'ci',
    overrides: { databaseUrl: database.url },
  });
  try {
    const { reached, migrations } = await bellows.up();
    expect(migrations[0]).toMatchObject({ state: 'done', failed: null });
    expect(reached).toBe(true);
    expect((await client.query(COLUMNS)).rows[0].columns).toBe('id! email first_name! last_name');
    expect((await client.query(OURS)).rows[0].n).toBe(0);
    expect((await client.query('select count(*)::int as n from bellows.ranges')).rows[0].n).toBe(0);
    const built = await client.query(`select indexname from pg_indexes where tablename = 'users' order by 1`);
    expect(built.rows.map((r) => r.indexname)).toEqual([
      'users_email_key',
      'users_last_name_idx',
      'users_pkey',
    ]);
    await expect(client.query(`insert into users (first_name) values ('')`)).rejects.toMatchObject({
      code: '23514',
    });
  } finally {
    await bellows.close();
  }
});

it('one row is enough to take the whole way', async () => {
  const client = await connect(database.url);
  await client.query(`create table users (id bigserial primary key, email text, full_name text not null)`);
  await client.query(`insert into users (email, full_name) values ('a', 'Ann Lee')`);
  const bellows = await createBellows({
    cwd: await project(),
    env: 'ci',
    overrides: { databaseUrl: database.url },
  });
  try {
    const { migrations } = await bellows.up();
    expect(migrations[0]?.state).toBe('done');
    expect((await client.query('select first_name, last_name from users')).rows).toEqual([
      { first_name: 'Ann', last_name: 'Lee' },
    ]);
  } finally {
    await bellows.close();
  }
});
