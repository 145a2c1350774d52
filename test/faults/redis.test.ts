import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findRedisProgram, type RedisServer, startRedis } from '#servers/redis';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import {
  batches,
  createStage,
  createUsers,
  expectSeedNames,
  expectSoundLedger,
  one,
  reaches,
  SPLIT,
  useStages,
} from './stage.js';

const ROWS = 30_000;
const program = await findRedisProgram();
const used = useDatabase();
useStages();

let redis: RedisServer | undefined;
beforeAll(async () => {
  if (program !== undefined) redis = await startRedis({ program });
});
afterAll(() => redis?.stop());

const rowsDone = `select coalesce(sum(rows), 0)::integer as value from bellows.batches`;

it.skipIf(program === undefined)(
  'a Redis that is emptied every second, and one that is killed, cost time only',
  { timeout: 120_000 },
  async () => {
    if (redis === undefined) throw new Error('no Redis');
    const client = await connect(used.url);
    await createUsers(client, ROWS);
    const stage = await createStage({
      url: used.url,
      queueUrl: redis.url,
      rowsPerSecond: 3_000,
      concurrency: 2,
    });
    await stage.bellows.up({ until: 'expanded', detach: true });
    const [leader, worker] = [stage.spawn('serve'), stage.spawn('worker')];
    await until(async () => (await batches(client)) > 0, { timeoutMs: 30_000, what: 'the first batch' });

    const flusher = new Redis(redis.url);
    for (let flush = 0; flush < 3; flush += 1) {
      const before = await one<number>(client, rowsDone);
      await flusher.flushall();
      await until(async () => (await one<number>(client, rowsDone)) > before + 1_000, {
        timeoutMs: 20_000,
        what: 'rows after the flush',
      });
    }
    flusher.disconnect();

    await redis.kill();
    const down = await batches(client);
    await until(async () => worker.stdout.includes('queue:error') || leader.stdout.includes('queue:error'), {
      timeoutMs: 15_000,
      what: 'the loss to be noticed',
    });
    expect(worker.stdout.length).toBeGreaterThan(0);
    await redis.restart();
    const lost = Date.now();
    if ((await one<number>(client, rowsDone)) < ROWS)
      await until(async () => (await batches(client)) > down, {
        timeoutMs: 20_000,
        what: 'batches after the restart',
      });
    expect(Date.now() - lost).toBeLessThan(20_000);
    await reaches(client, 'gated', 60_000);
    await expectSoundLedger(client);
    await expectSeedNames(client, ROWS);
    await stage.bellows.approve(SPLIT, { reason: 'flushed' });
    await reaches(client, 'done', 30_000);
    // A queue that was gone for a while is told of a few times, not thousands of times.
    expect((`${worker.stdout}${leader.stdout}`.match(/queue:error/g) ?? []).length).toBeLessThan(200);
    expect((await worker.kill()).code).toBe(0);
    expect((await leader.kill()).code).toBe(0);
  },
);
