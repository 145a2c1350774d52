import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { deathsOf, expectDone, planOnly, ROWS, untilItLives } from './deaths.js';
import {
  createStage,
  createUsers,
  expectSoundLedger,
  expireClaims,
  reaches,
  SPLIT,
  stateOf,
  useStages,
} from './stage.js';

const used = useDatabase();
useStages();

it('the leader, killed at each step and each transition, is followed by one that goes on', {
  timeout: 400_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const stage = await createStage({ url: used.url });
  const killedAt = join(stage.cwd, 'killed');
  await planOnly(stage, client);
  const worker = stage.spawn('worker');
  const start = () => stage.spawn('serve', { killedAt });
  const gated = await untilItLives(
    start,
    () => expireClaims(client),
    async (child) => {
      return (await stateOf(client)) === 'gated' && child.stdout.includes('gate:evaluated');
    },
  );
  await gated.child.kill('SIGKILL');
  await expireClaims(client);
  await expectSoundLedger(client);
  await stage.bellows.approve(SPLIT, { reason: 'it lives' });
  const done = await untilItLives(
    start,
    () => expireClaims(client),
    async () =>
      (await stateOf(client)) === 'done' &&
      (await deathsOf(killedAt)).includes('run:transition contracting->done'),
  );
  await done.child.kill('SIGKILL');
  expect((await worker.kill()).code).toBe(0);
  await expectDone(stage, used.url);
  const points = await deathsOf(killedAt);
  expect(points).toEqual(expect.arrayContaining(['leader:changed leads', 'gate:evaluated']));
  const steps = await client.query<{ step_id: string }>('select step_id from bellows.steps order by 1');
  const started = points.filter((p) => p.startsWith('step:started')).map((p) => p.split(' ')[1]);
  expect(started.sort()).toEqual(steps.rows.map((r) => r.step_id).sort());
});

it("a leader that is killed is replaced without anybody's help", { timeout: 60_000 }, async () => {
  const client = await connect(used.url);
  await createUsers(client, 100);
  const stage = await createStage({ url: used.url });
  const first = stage.spawn('serve');
  await first.waitForLine(/leader:changed leads/, 30_000);
  await first.kill('SIGKILL');
  const second = stage.spawn('serve');
  await second.waitForLine(/leader:changed leads/, 20_000);
  const [worker] = [stage.spawn('worker')];
  await stage.bellows.up({ until: 'expanded', detach: true });
  await reaches(client, 'gated', 30_000);
  expect((await second.kill()).code).toBe(0);
  expect((await worker.kill()).code).toBe(0);
});
