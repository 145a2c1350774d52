import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import {
  batches,
  columnsOf,
  createStage,
  createUsers,
  leftovers,
  reaches,
  SPLIT,
  seedsOf,
  stateOf,
  useStages,
} from './stage.js';
import { startWriters } from './writers.js';

const ROWS = 30_000;
const used = useDatabase();
useStages();

const SHAPE = `
  select relname as name, relkind::text as kind from pg_class where relnamespace = 'public'::regnamespace
  union all
  select tgname, 'trigger' from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relname = 'users'
  union all
  select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'users'::regclass
  order by 1, 2`;

it('a rollback in the midst of the walk, under both deploys, leaves the old shape true and nothing else', {
  timeout: 120_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const seeds = await seedsOf(client);
  const [shape, columns] = [(await client.query(SHAPE)).rows, await columnsOf(client)];
  const stage = await createStage({ url: used.url, rowsPerSecond: 4_000 });
  const writers = startWriters({ url: used.url, rows: ROWS, seed: 47 });
  await stage.bellows.up({ until: 'expanded', detach: true });
  writers.startNew();
  const [leader, worker] = [stage.spawn('serve'), stage.spawn('worker')];
  await until(async () => (await batches(client)) > 8, { timeoutMs: 30_000, what: 'half of the walk' });
  expect(await stateOf(client)).toBe('backfilling');
  // The deploys of the new shape are taken back first; the old ones go on.
  await writers.endNew();
  await stage.bellows.rollback(SPLIT);
  expect(await stateOf(client)).toBe('rolled_back');
  await writers.stop();
  await writers.check(client, seeds);
  expect(await leftovers(client)).toEqual([]);
  expect((await client.query(SHAPE)).rows).toEqual(shape);
  expect(await columnsOf(client)).toEqual(columns);

  // Named, it runs again, to the end.
  await stage.bellows.up({ migration: SPLIT, until: 'expanded', detach: true });
  await reaches(client, 'gated', 60_000);
  await stage.bellows.approve(SPLIT, { reason: 'the second time' });
  await reaches(client, 'done', 30_000);
  expect(await leftovers(client)).toEqual([]);
  expect((await worker.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
});
