import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { loadTables } from '#demo/schema';
import { createBellows } from '#main';
import { connect, useDatabase } from '../support/database.js';

const database = useDatabase();
const EXAMPLES = fileURLToPath(new URL('../../migrations', import.meta.url));
const ROWS = 2_000;

/** Somewhere without a configuration. */
const cwd = await mkdtemp(join(tmpdir(), 'examples-'));
afterAll(() => rm(cwd, { recursive: true, force: true }));

const COLUMNS = `
  select attrelid::regclass::text as table, attname as column, attnotnull as required
  from pg_attribute
  where attrelid in ('users'::regclass, 'orders'::regclass, 'user_access'::regclass)
  and attname in ('full_name', 'first_name', 'last_name', 'locale', 'role_id', 'is_active', 'old_status', 'status')
  and not attisdropped
  order by 1 desc, 2`;

it('runs every example to its end', { timeout: 120_000 }, async () => {
  const client = await connect(database.url);
  await loadTables(client, { users: ROWS, orders: ROWS });
  const bellows = await createBellows({
    cwd,
    overrides: { databaseUrl: database.url, queueUrl: database.url, migrations: EXAMPLES },
  });
  try {
    await bellows.deploys.record('app', '5');
    for (const { id } of (await bellows.status()).migrations) {
      const up = await bellows.up({ migration: id, until: 'done', approve: { reason: 'the examples' } });
      expect(up).toMatchObject({ reached: true, migrations: [{ id, state: 'done', failed: null }] });
    }
    expect((await bellows.status()).migrations).toHaveLength(5);
  } finally {
    await bellows.close();
  }
  const { rows: columns } = await client.query(COLUMNS);
  expect(columns).toEqual([
    { table: 'users', column: 'first_name', required: true },
    { table: 'users', column: 'last_name', required: true },
    { table: 'users', column: 'locale', required: true },
    { table: 'user_access', column: 'is_active', required: true },
    { table: 'user_access', column: 'role_id', required: false },
    { table: 'orders', column: 'status', required: true },
  ]);
  const { rows: values } = await client.query(
    `select count(a.user_id)::integer as access,
       count(*) filter (where a.role_id is null)::integer as without_role,
       count(*) filter (where locale <> 'en')::integer as other_locale,
       count(*) filter (where last_name = '')::integer as one_name
     from users
     left join user_access a on a.user_id = users.id`,
  );
  expect(values).toEqual([
    { access: ROWS, without_role: 0, other_locale: 0, one_name: Math.floor(ROWS / 97) },
  ]);
});
