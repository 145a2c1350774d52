/** A copy under writers of every isolation level, its workers or its leader killed in between. */
import { join } from 'node:path';
import type pg from 'pg';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
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
import { deathsOf, planOnly, untilItLives } from './deaths.js';
import { batches, expireClaims, reaches, stateOf, useStages } from './stage.js';

const ROWS = 20_000;
const used = useDatabase();
useStages();

async function moreBatches(client: pg.Client): Promise<void> {
  const before = await batches(client);
  await until(async () => (await batches(client)) > before + 2, { timeoutMs: RECOVERY_MS, what: 'batches' });
}

it('copies what is true, whoever writes and whichever worker dies', { timeout: 400_000 }, async () => {
  const client = await connect(used.url);
  await createProfiles(client, ROWS);
  const stage = await createCopyStage({ url: used.url, rowsPerSecond: 2_000, concurrency: 2 });
  await stage.bellows.up({ until: 'expanded', detach: true });
  const writers = startCopyWriters(used.url, ROWS);
  const leader = stage.spawn('serve');
  let worker = stage.spawn('worker');
  for (let kill = 0; kill < 2; kill += 1) {
    await moreBatches(client);
    await worker.kill('SIGKILL');
    worker = stage.spawn('worker');
  }
  await reaches(client, 'gated', 120_000, PROFILES);
  await expectEqual(client, stage, writers);
  await expectDone(client, stage);
  expect((await worker.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
});

it('a leader that is killed in the midst of a copy, or while a key waits, is replaced by one that goes on', {
  timeout: 400_000,
}, async () => {
  const client = await connect(used.url);
  await createProfiles(client, ROWS);
  const stage = await createCopyStage({ url: used.url, rowsPerSecond: 1_000 });
  await stage.bellows.up({ until: 'expanded', detach: true });
  const writers = startCopyWriters(used.url, ROWS);
  const worker = stage.spawn('worker');
  let leader = stage.spawn('serve');
  const replaceLeader = async () => {
    await leader.kill('SIGKILL');
    leader = stage.spawn('serve');
    await leader.waitForLine(/leader:changed leads/, RECOVERY_MS);
  };
  for (let kill = 0; kill < 2; kill += 1) {
    await moreBatches(client);
    expect(await stateOf(client, PROFILES)).toBe('backfilling');
    await replaceLeader();
  }
  await reaches(client, 'gated', 120_000, PROFILES);
  const holder = await connect(used.url);
  await noteOne(client, holder, writers, 9_000_000);
  await replaceLeader();
  expect(await waits(client, 9_000_000)).toBe(true);
  await holder.query('rollback');
  await until(async () => !(await waits(client, 9_000_000)), {
    timeoutMs: RECOVERY_MS,
    what: 'the catch-up',
  });
  await expectEqual(client, stage, writers);
  await expectDone(client, stage);
  expect((await worker.kill()).code).toBe(0);
  expect((await leader.kill()).code).toBe(0);
});

it('the leader of a copy, killed at each step and each transition, is followed by one that goes on', {
  timeout: 400_000,
}, async () => {
  const client = await connect(used.url);
  await createProfiles(client, ROWS);
  const stage = await createCopyStage({ url: used.url, rowsPerSecond: 4_000 });
  const killedAt = join(stage.cwd, 'killed');
  await planOnly(stage, client, PROFILES);
  const writers = startCopyWriters(used.url, ROWS);
  const worker = stage.spawn('worker');
  const start = () => stage.spawn('serve', { killedAt });
  const gated = await untilItLives(
    start,
    () => expireClaims(client),
    async (child) => (await stateOf(client, PROFILES)) === 'gated' && child.stdout.includes('gate:evaluated'),
  );
  // It may be dying at that very point.
  await gated.child.kill('SIGKILL');
  await expireClaims(client);
  const leader = stage.spawn('serve');
  await expectEqual(client, stage, writers);
  await leader.kill('SIGKILL');
  await expireClaims(client);
  await expectDone(client, stage, async () => {
    const { child } = await untilItLives(
      start,
      () => expireClaims(client),
      async () =>
        (await stateOf(client, PROFILES)) === 'done' &&
        (await deathsOf(killedAt)).includes('run:transition contracting->done'),
    );
    await child.kill('SIGKILL');
  });
  expect((await worker.kill()).code).toBe(0);
  const started = (await deathsOf(killedAt)).filter((point) => point.startsWith('step:started'));
  const steps = await client.query<{ point: string }>(
    `select 'step:started ' || step_id as point from bellows.steps`,
  );
  expect(started.sort()).toEqual(steps.rows.map(({ point }) => point).sort());
});
