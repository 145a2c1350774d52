import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findRedisProgram, type RedisServer, startRedis } from '#servers/redis';
import { Notes, queueContract, useBench } from '../contract/queue.js';
import { spawnNode } from '../support/processes.js';
import { until } from '../support/until.js';

const shared = inject('redisUrl');
const program = await findRedisProgram();
const job = (rangeId: number) => ({ runId: 1, rangeId });

describe.skipIf(shared === null)('with a Redis', () => {
  queueContract('Redis', () => shared ?? '');
});

describe.skipIf(program === undefined)('a Redis of its own', () => {
  let server: RedisServer;
  let admin: Redis;
  const bench = useBench(() => server.url);
  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url, { retryStrategy: () => 100 });
    admin.on('error', () => undefined);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  it('may be flushed in the middle of the work: the worker goes on, and the jobs are not known any more', async () => {
    const queue = await bench.open();
    const notes = new Notes().hold();
    const worker = await queue.work({ slots: 1 }, notes.handle);
    await queue.enqueue('l-1', job(1));
    await queue.enqueue('l-2', job(2));
    await until(() => notes.seen.length === 1);
    await admin.flushall();
    expect(await queue.known(['l-1', 'l-2'])).toEqual(new Set());
    notes.release();
    await until(() => notes.finished === 1);
    await queue.enqueue('l-2-again', job(2));
    await until(() => notes.ids.includes('l-2-again'));
    await admin.flushall();
    await queue.enqueue('l-3', job(3));
    await until(() => notes.ids.includes('l-3'), { what: 'a job after a flush of the idle queue' });
    expect(notes.ids).toEqual(['l-1', 'l-2-again', 'l-3']);
    await worker.close();
  });

  it('may be killed and come back empty: adding fails at once meanwhile, and work goes on after', async () => {
    const queue = await bench.open();
    const notes = new Notes().hold();
    await queue.work({ slots: 2 }, notes.handle);
    await queue.enqueue('k-1', job(1));
    await until(() => notes.seen.length === 1);
    await server.kill();
    await until(() => bench.errors.length > 0, { what: 'an event about the lost Redis' });
    const asked = Date.now();
    await expect(queue.enqueue('k-2', job(2))).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    await expect(queue.known(['k-1'])).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    await expect(queue.counts()).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    expect(Date.now() - asked).toBeLessThan(1_000);
    await server.restart();
    notes.release();
    await until(() => queue.enqueue('k-3', job(3)).then(() => true));
    await until(() => notes.ids.includes('k-3'), { timeoutMs: 10_000 });
    expect(bench.errors.length).toBeLessThan(12);
  });

  it('may be away at the start: the worker waits for it and works when it is there', async () => {
    await server.kill();
    const queue = await bench.open();
    const notes = new Notes();
    const worker = await queue.work({ slots: 1 }, notes.handle);
    await expect(queue.enqueue('n-1', job(1))).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    await until(() => bench.errors.some((message) => message.includes('ECONNREFUSED')));
    await server.restart();
    await until(() => queue.enqueue('n-2', job(2)).then(() => true));
    await until(() => notes.ids.includes('n-2'));
    await worker.close();
  });

  it('may be away at the end: worker and queue close all the same, and the process ends', async () => {
    const queue = await bench.open();
    const notes = new Notes().hold();
    const worker = await queue.work({ slots: 1 }, notes.handle);
    await queue.enqueue('w-1', job(1));
    await until(() => notes.seen.length === 1);
    await server.kill();
    const closing = Date.now();
    await worker.close();
    await queue.close();
    expect(notes.finished).toBe(1);
    expect(Date.now() - closing).toBeLessThan(10_000);
    const env = { QUEUE_URL: server.url, QUEUE_NAME: 'away', QUEUE_TASK: 'once' };
    const child = spawnNode(['test/queue/worker-process.ts'], { env });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect([child.stdout, child.stderr]).toEqual(['closed\n', '']);
    await server.restart();
  });

  it('may freeze: adding gives up after some seconds', async () => {
    const queue = await bench.open();
    process.kill(server.pid, 'SIGSTOP');
    try {
      await expect(queue.enqueue('z-1', job(1))).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await until(() => queue.enqueue('z-2', job(2)).then(() => true));
  });

  it('may refuse writes for a while: the worker does not loop, and goes on', async () => {
    const queue = await bench.open();
    const notes = new Notes();
    const worker = await queue.work({ slots: 1 }, notes.handle);
    await queue.enqueue('o-1', job(1));
    await until(() => notes.finished === 1);
    await admin.config('SET', 'maxmemory', '1');
    await expect(queue.enqueue('o-2', job(2))).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    const before = await commands();
    await until(() => bench.errors.some((message) => message.includes('OOM')), { timeoutMs: 15_000 });
    await until(async () => (await commands()) > before, { what: 'another try' });
    // A rate, and no condition to wait for.
    const busy = await commands();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect((await commands()) - busy).toBeLessThan(100);
    await admin.config('SET', 'maxmemory', '0');
    await queue.enqueue('o-3', job(3));
    await until(() => notes.ids.includes('o-3'), { timeoutMs: 20_000 });
    await worker.close();
  }, 60_000);

  it('is told apart when it evicts, once', async () => {
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const queue = await bench.open();
    await until(() => bench.errors.length > 0);
    await queue.enqueue('m-1', job(1));
    expect(bench.errors).toEqual([
      'Redis may evict jobs: its maxmemory-policy is allkeys-lru, set it to noeviction',
    ]);
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
  });

  it('never shows its password', async () => {
    await admin.config('SET', 'requirepass', 'geheim');
    try {
      const url = `redis://:geheim@127.0.0.1:${server.port}/3`;
      const queue = await bench.open({ queueUrl: url });
      await queue.enqueue('p-1', job(1));
      expect(queue.description).toBe(`BullMQ on Redis 127.0.0.1:${server.port}, database 3`);
      const wrong = await bench.open({ queueUrl: url.replace('geheim', 'falsch') });
      const failed = await wrong.enqueue('p-2', job(2)).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
      await until(() => bench.errors.length > 0);
      const worker = await wrong.work({ slots: 1 }, new Notes().handle);
      await worker.close();
      expect(JSON.stringify([failed, bench.errors])).not.toMatch(/geheim|falsch/);
    } finally {
      await admin.config('SET', 'requirepass', '');
    }
  });

  it('holds ids only, also of a handler that threw', async () => {
    const queue = await bench.open();
    await queue.work({ slots: 1 }, async () => {
      throw Object.assign(new Error('Key (email)=(a@b.c) already exists'), { code: '23505' });
    });
    await queue.enqueue('v-1', job(1));
    const events = `bellows:${bench.name}:events`;
    await until(async () => JSON.stringify(await admin.xrange(events, '-', '+')).includes('failed'));
    const kept = JSON.stringify(await admin.xrange(events, '-', '+'));
    expect(kept).toContain('23505');
    expect(kept).not.toContain('a@b.c');
  });

  async function commands(): Promise<number> {
    return Number(/total_commands_processed:(\d+)/.exec(await admin.info('stats'))?.[1]);
  }
});

describe('a queueUrl', () => {
  const bench = useBench(() => 'postgres://127.0.0.1:1/none');

  it.each(['redis://', 'redis://host/abc', 'amqp://geheim@host', 'host:6379', ''])(
    'that cannot be one is refused without repeating it: %s',
    async (queueUrl) => {
      const error = await bench.open({ queueUrl }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'BELLOWS_QUEUE_URL', exit: 2 });
      expect(JSON.stringify(error)).not.toContain('geheim');
    },
  );
});
