import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startPostgres } from '#servers/postgres';
import { Notes, queueContract, useBench } from '../contract/queue.js';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const used = useDatabase();
queueContract('PostgreSQL', () => used.url);

describe('BullMQ on PostgreSQL', () => {
  const bench = useBench(() => used.url);

  it('names its server and no password', async () => {
    const url = new URL(used.url);
    url.password = 'geheim';
    const queue = await bench.open({ queueUrl: url.href });
    expect(queue.description).toBe(`BullMQ on PostgreSQL 127.0.0.1:${url.port}/${used.name}`);
  });

  it('keeps its session options beside those of the address', async () => {
    const url = new URL(used.url);
    url.searchParams.set('options', '-c work_mem=5MB');
    await bench.open({ queueUrl: url.href });
  });

  it('makes its schema once, though ten start at the same time', async () => {
    const client = await connect(used.url);
    await client.query('drop schema if exists bullmq cascade');
    const queues = await Promise.all(Array.from({ length: 10 }, () => bench.open()));
    await queues[0]!.enqueue('m-1', { runId: 1, rangeId: 1 });
    expect(await queues[9]!.known(['m-1'])).toEqual(new Set(['m-1']));
  });

  it('needs no right to create where the schema is there, and says what is missing where it is not', async () => {
    await bench.open();
    const client = await connect(used.url);
    const role = `${used.name}_worker`;
    await client.query(`create role ${role} login`);
    const url = new URL(used.url);
    url.username = role;
    try {
      const refused = bench.open({ queueUrl: url.href });
      await expect(refused).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_SCHEMA' });
      await client.query(`grant usage on schema bullmq to ${role}`);
      await client.query(`grant all on all tables in schema bullmq to ${role}`);
      await client.query(`grant all on all sequences in schema bullmq to ${role}`);
      const queue = await bench.open({ queueUrl: url.href });
      await queue.enqueue('p-1', { runId: 1, rangeId: 1 });
      const notes = new Notes();
      await queue.work({ slots: 1 }, notes.handle);
      await until(() => notes.finished === 1);
      await queue.close();
    } finally {
      await client.query(`drop owned by ${role}`);
      await client.query(`drop role ${role}`);
    }
  });

  it('goes on when all its connections are cut, also in the middle of a job', async () => {
    const queue = await bench.open();
    const notes = new Notes().hold();
    await queue.work({ slots: 1 }, notes.handle);
    await queue.enqueue('e-1', { runId: 1, rangeId: 1 });
    await until(() => notes.seen.length === 1);
    const client = await connect(used.url);
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid)
       from pg_stat_activity
       where datname = current_database()
       and pid <> pg_backend_pid()`,
    );
    expect(rowCount).toBeGreaterThanOrEqual(2);
    notes.release();
    await until(() => queue.enqueue('e-2', { runId: 1, rangeId: 2 }).then(() => true));
    await until(() => notes.ids.includes('e-2'));
  });

  it('stops its worker, and says so, when an error repeats that waiting does not cure', async () => {
    const queue = await bench.open();
    const worker = await queue.work({ slots: 1 }, new Notes().handle);
    const client = await connect(used.url);
    await client.query('alter schema bullmq rename to bullmq_gone');
    expect(await worker.stopped).toMatchObject({ code: 'BELLOWS_QUEUE_WORKER_STOPPED' });
    expect(bench.errors.join('\n')).toMatch(/stopped: the same error came 5 times within a second/);
    // Once for each cause: a loop would have said hundreds.
    expect(bench.errors.length).toBeLessThan(12);
    await queue.close();
    await client.query('alter schema bullmq_gone rename to bullmq');
  });

  it('says when there is no server', async () => {
    const opening = bench.open({ queueUrl: 'postgres://postgres:geheim@127.0.0.1:1/none' });
    await expect(opening).rejects.toMatchObject({ code: 'BELLOWS_QUEUE_UNAVAILABLE' });
    await opening.catch((error: Error) => expect(error.message).not.toContain('geheim'));
  });
});

describe('a PostgreSQL that restarts', () => {
  const bench = useBench(() => used.url);

  it('is waited for without a loop, and worked on again', async () => {
    const server = await startPostgres();
    try {
      const queue = await bench.open({ queueUrl: server.url });
      const notes = new Notes();
      const worker = await queue.work({ slots: 2 }, notes.handle);
      await queue.enqueue('u-1', { runId: 1, rangeId: 1 });
      await until(() => notes.finished === 1);
      await server.kill();
      await until(() => bench.errors.length > 0, { what: 'an event about the lost server' });
      await expect(queue.enqueue('u-2', { runId: 1, rangeId: 2 })).rejects.toMatchObject({
        code: 'BELLOWS_QUEUE_UNAVAILABLE',
      });
      await server.restart();
      await until(() => queue.enqueue('u-3', { runId: 1, rangeId: 3 }).then(() => true));
      await until(() => notes.ids.includes('u-3'), { timeoutMs: 15_000 });
      expect(bench.errors.length).toBeLessThan(12);
      await worker.close();
      await queue.close();
    } finally {
      await server.stop('immediate');
    }
  }, 60_000);

  it('is asked with rests while it has no connection free', async () => {
    const server = await startPostgres();
    try {
      const client = await connect(server.url);
      await client.query('create role limited login');
      await client.query('grant create on database postgres to limited');
      const url = new URL(server.url);
      url.username = 'limited';
      const queue = await bench.open({ queueUrl: url.href });
      const notes = new Notes();
      const worker = await queue.work({ slots: 1 }, notes.handle);
      await client.query('alter role limited connection limit 0');
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'limited'`);
      const refusals = async () =>
        (await readFile(server.logFile, 'utf8')).split('too many connections').length;
      await until(async () => (await refusals()) > 5);
      const before = await refusals();
      // A rate, and no condition to wait for: a loop without rests is refused hundreds of times meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect((await refusals()) - before).toBeLessThan(50);
      await client.query('alter role limited connection limit -1');
      await until(() => queue.enqueue('i-1', { runId: 1, rangeId: 1 }).then(() => true));
      await until(() => notes.ids.includes('i-1'), { timeoutMs: 20_000 });
      await worker.close();
      await queue.close();
    } finally {
      await server.stop('immediate');
    }
  }, 60_000);
});
