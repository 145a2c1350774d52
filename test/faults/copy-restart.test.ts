/** A copy on a server that restarts as if the power failed, while batches and writers are at work. */
import { expect, it } from 'vitest';
import { connect, createDatabase } from '../support/database.js';
import { useOwnServer } from '../support/own-server.js';
import { until } from '../support/until.js';
import {
  createCopyStage,
  createProfiles,
  expectDone,
  expectEqual,
  noteOne,
  PROFILES,
  RECOVERY_MS,
  waits,
} from './copy-stage.js';
import { startCopyWriters } from './copy-writers.js';
import { batches, reaches, stateOf, useStages } from './stage.js';

const ROWS = 30_000;
const server = useOwnServer();
useStages();

it('a server that restarts in the midst of the batches of a copy, and while a key waits', {
  timeout: 300_000,
}, async () => {
  const database = await createDatabase({ server: server.url() });
  let client = await connect(database.url);
  await createProfiles(client, ROWS);
  const stage = await createCopyStage({ url: database.url, rowsPerSecond: 2_000, concurrency: 2 });
  await stage.bellows.up({ until: 'expanded', detach: true });
  const writers = startCopyWriters(database.url, ROWS);
  const [leader, worker] = [stage.spawn('serve'), stage.spawn('worker')];
  for (let time = 0; time < 3; time += 1) {
    const before = await batches(client);
    await until(async () => (await batches(client)) > before + 3, {
      timeoutMs: RECOVERY_MS,
      what: 'batches',
    });
    expect(await stateOf(client, PROFILES)).toBe('backfilling');
    await writers.outage(server.restart);
    client = await connect(database.url);
  }
  await reaches(client, 'gated', 120_000, PROFILES);
  await noteOne(client, await connect(database.url), writers, 9_000_000);
  await writers.outage(server.restart);
  client = await connect(database.url);
  // Who held the row is gone with the server; the key is not.
  await until(async () => !(await waits(client, 9_000_000)), {
    timeoutMs: RECOVERY_MS,
    what: 'the catch-up',
  });
  await expectEqual(client, stage, writers);
  await expectDone(client, stage);
  expect((await worker.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
  await stage.bellows.close();
});
