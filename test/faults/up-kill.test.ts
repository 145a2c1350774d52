import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connect, useDatabase } from '../support/database.js';
import { deathsOf, expectDone, ROWS, untilItLives } from './deaths.js';
import { createStage, createUsers, expireClaims, useStages } from './stage.js';

const used = useDatabase();
useStages();

it('leader and worker in one process, killed at each point, go on in the next', {
  timeout: 400_000,
}, async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const stage = await createStage({ url: used.url });
  const killedAt = join(stage.cwd, 'killed');
  // Its steps are those of the leader above; what a worker does in the same process is new.
  const deadly = '^(run:transition|step:done|job:|batch:committed)';
  const up = { until: 'done', approve: { reason: 'development' } } as const;
  const start = () => stage.spawn('up', { killedAt, up, deadly });
  const { child } = await untilItLives(
    start,
    () => expireClaims(client),
    async () => false,
  );
  expect(`${child.stdout}${child.stderr}`).toContain('reached true');
  await expectDone(stage, used.url);
  expect(await deathsOf(killedAt)).toEqual(
    expect.arrayContaining(['job:started', 'batch:committed', 'job:finished']),
  );
});
