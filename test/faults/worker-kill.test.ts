import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import {
  batches,
  createStage,
  createUsers,
  expectSeedNames,
  expectSoundLedger,
  reaches,
  SPLIT,
  seedsOf,
  useStages,
} from './stage.js';
import { startWriters } from './writers.js';

const ROWS = 30_000;
/** A dead worker's claim lasts ten seconds; then its range is walked by the next one. */
const RECOVERY_MS = 15_000;
const used = useDatabase();
useStages();

it('a worker killed in the walk, again and again, delays the run and nothing else', {
  timeout: 150_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const seeds = await seedsOf(client);
  const stage = await createStage({ url: used.url, rowsPerSecond: 4_000 });
  const writers = startWriters({ url: used.url, rows: ROWS, seed: 11 });
  await stage.bellows.up({ until: 'expanded', detach: true });
  writers.startNew();
  const leader = stage.spawn('serve');
  let worker = stage.spawn('worker');
  for (let kill = 0; kill < 3; kill += 1) {
    const before = await batches(client);
    await until(async () => (await batches(client)) > before + 2, {
      timeoutMs: RECOVERY_MS,
      what: 'batches after the kill',
    });
    await worker.kill('SIGKILL');
    worker = stage.spawn('worker');
  }
  await reaches(client, 'gated', 90_000);
  await writers.endOld();
  await writers.stop();
  await expectSoundLedger(client);
  await writers.check(client, seeds);
  await stage.bellows.approve(SPLIT, { reason: 'killed often enough' });
  await reaches(client, 'done', 30_000);
  expect((await worker.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
  await writers.check(client, seeds);
});

it('without writers the values are those of the mapping, whoever filled them', {
  timeout: 90_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, 20_000);
  const stage = await createStage({ url: used.url, rowsPerSecond: 8_000, concurrency: 2 });
  await stage.bellows.up({ until: 'expanded', detach: true });
  const leader = stage.spawn('serve');
  const [first, second] = [stage.spawn('worker'), stage.spawn('worker')];
  await until(async () => (await batches(client)) > 2, { timeoutMs: 30_000, what: 'the first batches' });
  await first.kill('SIGKILL');
  await reaches(client, 'gated', 60_000);
  await expectSoundLedger(client);
  await expectSeedNames(client, 20_000);
  expect((await second.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
});
