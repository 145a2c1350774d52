import { expect, it } from 'vitest';
import { connect, createDatabase } from '../support/database.js';
import { useOwnServer } from '../support/own-server.js';
import { until } from '../support/until.js';
import {
  batches,
  createStage,
  createUsers,
  expectSoundLedger,
  reaches,
  SPLIT,
  seedsOf,
  useStages,
} from './stage.js';
import { startWriters } from './writers.js';

const ROWS = 30_000;
const server = useOwnServer();
useStages();

it('a server that restarts as if the power failed, in the midst of batches and writes', {
  timeout: 150_000,
}, async () => {
  const database = await createDatabase({ server: server.url() });
  let client = await connect(database.url);
  await createUsers(client, ROWS);
  const seeds = await seedsOf(client);
  const stage = await createStage({ url: database.url, rowsPerSecond: 2_500, concurrency: 2 });
  const writers = startWriters({ url: database.url, rows: ROWS, seed: 29 });
  await stage.bellows.up({ until: 'expanded', detach: true });
  writers.startNew();
  const [leader, worker] = [stage.spawn('serve'), stage.spawn('worker')];
  for (let time = 0; time < 3; time += 1) {
    const before = await batches(client);
    await until(async () => (await batches(client)) > before + 3, { timeoutMs: 30_000, what: 'batches' });
    await writers.outage(server.restart);
    client = await connect(database.url);
  }
  await reaches(client, 'gated', 90_000);
  await writers.endOld();
  await stage.bellows.approve(SPLIT, { reason: 'survived' });
  await reaches(client, 'done', 30_000);
  await writers.stop();
  await expectSoundLedger(client);
  await writers.check(client, seeds);
  expect((await worker.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
  await stage.bellows.close();
});
