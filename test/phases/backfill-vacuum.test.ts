import { expect, it } from 'vitest';
import { watchHorizon } from '#phases/backfill/horizon';
import { planWalk } from '#phases/backfill/ranges';
import { vacuumAsItGoes } from '#phases/backfill/vacuum';
import type { RunRow } from '#ports';
import { until } from '../support/until.js';
import {
  NEVER,
  reread,
  startPurge,
  startSynced,
  USERS,
  usersTable,
  useWorkshop,
  type Workshop,
  walkAll,
} from './backfill-workshop.js';
import { COPY, seed, TABLES } from './copy-stage.js';
import { expanded } from './verify-stage.js';

const open = useWorkshop();

async function vacuum({ database, deps, store }: Workshop, { id }: RunRow): Promise<number> {
  const now = () => performance.now();
  const run = await reread(store, id);
  return vacuumAsItGoes({ database, emit: deps.emit, horizon: watchHorizon(), now }, run, NEVER);
}

async function deadRows({ app }: Workshop): Promise<number> {
  const { rows } = await app.query(`select pg_stat_get_dead_tuples('users'::regclass)::integer as n`);
  return rows[0]?.n;
}

async function hold({ database }: Workshop, { id }: RunRow): Promise<void> {
  await database.query(
    `insert into bellows.holds (run_id, signal, value, "limit", text, release)
     values ($1, 'dead_tuples', 30, 20, '', '')`,
    [id],
  );
}

it('vacuums where dead rows hold the walk, also when all that was walked has been vacuumed', async () => {
  const shop = await open();
  await usersTable(shop.app, 20_000);
  await shop.app.query('alter table users set (autovacuum_enabled = off)');
  const run = await startSynced(shop, USERS);
  await planWalk(shop, run, 0, 1);
  await walkAll(shop, run);
  await hold(shop, run);
  expect(await vacuum(shop, run)).toBe(1);
  await shop.app.query('update users set n = n + 1');
  await until(async () => (await deadRows(shop)) > 0, { what: 'dead rows' });
  expect(await vacuum(shop, run)).toBe(1);
  await until(async () => (await deadRows(shop)) === 0, { what: 'no dead rows' });
});

it('vacuums after rows that an index gave only where dead rows hold them', async () => {
  const shop = await open();
  await usersTable(shop.app, 20_000, `, filler text not null default repeat('x', 500)`);
  await shop.app.query(`alter table users set (autovacuum_enabled = off);
    create index on users (n);
    update users set n = 1 where id <= 100;
    analyze users`);
  const run = await startPurge(shop, 'users', 'n = 1');
  await planWalk(shop, run, 0, 1);
  const kinds = await shop.database.query('select distinct kind from bellows.ranges');
  expect(kinds).toEqual([{ kind: 'picked' }]);
  await walkAll(shop, run);
  expect(await vacuum(shop, run)).toBe(0);
  await hold(shop, run);
  expect(await vacuum(shop, run)).toBe(1);
});

it('vacuums what a copy walks only where dead rows of the application hold it', async () => {
  const shop = await open();
  await shop.app.query(TABLES);
  await shop.app.query('alter table users set (autovacuum_enabled = off)');
  await seed(shop.app, 20_000);
  const { run } = await expanded(shop, COPY);
  await planWalk(shop, run, 0, 1);
  await shop.app.query('update users set age = age + 1');
  expect(await vacuum(shop, run)).toBe(0);
  await hold(shop, run);
  expect(await vacuum(shop, run)).toBe(1);
});
