import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { Major } from '#servers/binaries';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { type Bench, createIndex, dropIndex, withBench } from './ddl-bench.js';

const FAST = { pollMs: 20 };

const indexes = (database: Bench['database']) =>
  database.query(
    `select x.relname::text as name, i.indisvalid as valid
     from pg_index i
     join pg_class x on x.oid = i.indexrelid
     where x.relnamespace = 'public'::regnamespace
     order by 1`,
  );

/** An open transaction that has an old snapshot: a concurrent build waits for it in its last phase. */
async function hold(url: string, application = 'holder'): Promise<pg.Client> {
  const client = await connect(url, { application_name: application });
  await client.query('begin isolation level repeatable read');
  await client.query('select 1 from pg_class limit 1');
  return client;
}

const building = async ({ database }: Bench) => {
  const rows = await database.query<{ pid: number }>(
    `select pid from pg_stat_progress_create_index where datname = current_database() and phase like 'waiting%' and index_relid <> 0`,
  );
  return rows[0]?.pid;
};

const backendOf = async ({ database }: Bench, index: string) =>
  (await database.query<{ oid: number }>(`select to_regclass($1)::oid::int8 as oid`, [`public.${index}`]))[0]
    ?.oid;

describe.each([14, 15, 18] as const)('index steps on %i', (major: Major) => {
  const used = useDatabase({ major });
  const withTable = (work: (bench: Bench) => Promise<void>, settings = {}) =>
    withBench(
      used.url,
      async (bench) => {
        await bench.database.query('create table t (id int, v text)');
        await bench.database.query(`insert into t select i, 'v' || i from generate_series(1, 100) i`);
        await work(bench);
      },
      { ...FAST, ...settings },
    );

  it('builds, and finds it done the next time', async () => {
    await withTable(async (bench) => {
      const step = createIndex('t', 'T idx', '(lower(v) collate "C" desc, id) include (id) where id > 5');
      expect(await bench.perform(step)).toEqual({ kind: 'done' });
      expect(await indexes(bench.database)).toEqual([{ name: 'T idx', valid: true }]);
      expect(await bench.perform(step)).toEqual({ kind: 'done' });
      expect(bench.events.at(-1)).toMatchObject({ name: 'step:done', payload: { skipped: true } });
    });
  });

  it.each([
    ['other columns', 'create index i on t (id)'],
    ['no uniqueness', 'create index i on t (v)'],
    ['a predicate', 'create unique index i on t (v) where id > 1'],
    ['another operator class', 'create unique index i on t (v text_pattern_ops)'],
  ])('refuses a valid index with %s', async (_, sql) => {
    await withTable(async (bench) => {
      await bench.database.query(sql);
      const failed = bench.perform(createIndex('t', 'i', '(v)', true));
      await expect(failed).rejects.toMatchObject({
        code: 'BELLOWS_CONFLICTING_OBJECT',
        message: 'Index i is there and valid, but another one.',
      });
    });
  });

  it('rebuilds what a terminated build left over', async () => {
    await withTable(async (bench) => {
      const holder = await hold(used.url);
      const first = bench.perform(createIndex('t', 'i', '(v)')).catch((error: unknown) => error);
      const pid = await until(() => building(bench));
      await holder.query('select pg_terminate_backend($1)', [pid]);
      expect(await first).toMatchObject({ code: 'BELLOWS_PG_LOST' });
      expect(await indexes(bench.database)).toEqual([{ name: 'i', valid: false }]);
      const leftover = await backendOf(bench, 'i');
      await holder.query('commit');
      expect(await bench.perform(createIndex('t', 'i', '(v)'))).toEqual({ kind: 'done' });
      expect(await indexes(bench.database)).toEqual([{ name: 'i', valid: true }]);
      expect(await backendOf(bench, 'i')).not.toBe(leftover);
    });
  });

  it('adopts the live build of an earlier leader', async () => {
    await withTable(async (bench) => {
      const holder = await hold(used.url);
      const first = bench.perform(createIndex('t', 'i', '(v)')).catch((error: unknown) => error);
      await until(() => building(bench));
      const oid = await backendOf(bench, 'i');
      await bench.lease.release(bench.fence);
      const fence = await bench.lease.acquire();
      const second = bench.second(fence!);
      const adopted = second.perform(createIndex('t', 'i', '(v)'));
      // It must wait, and neither end the builder nor drop what it builds.
      const looked = async () =>
        (
          await bench.database.query(
            `select from pg_stat_activity
               where query like '%pg_stat_progress_create_index p%'
               and datname = current_database()
               and pid <> pg_backend_pid()`,
          )
        ).length > 0;
      await until(looked);
      expect(await building(bench)).toBeDefined();
      await holder.query('commit');
      expect(await adopted).toEqual({ kind: 'done' });
      // The earlier leader built it, and may not record so.
      expect(await first).toMatchObject({ code: 'BELLOWS_FENCED' });
      expect(await backendOf(bench, 'i')).toBe(oid);
      expect(await indexes(bench.database)).toEqual([{ name: 'i', valid: true }]);
    });
  });

  it('ends the orphan build of another run, and builds its own', async () => {
    await withTable(async (bench) => {
      const holder = await hold(used.url);
      const orphan = await connect(used.url);
      const lost = orphan
        .query(`/* bellows run=999 step=x epoch=1 */ create index concurrently i on t (id)`)
        .catch((error: unknown) => error);
      await until(() => building(bench));
      const mine = bench.perform(createIndex('t', 'i', '(v)'));
      expect(await lost).toMatchObject({ code: '57P01' });
      await holder.query('commit');
      expect(await mine).toEqual({ kind: 'done' });
    });
  });

  it('cancels its build on the server when the lease is lost', async () => {
    await withTable(async (bench) => {
      const holder = await hold(used.url);
      const abort = new AbortController();
      const build = bench
        .perform(createIndex('t', 'i', '(v)'), abort.signal)
        .catch((error: unknown) => error);
      await until(() => building(bench));
      abort.abort(new Error('lost'));
      expect(await build).toMatchObject({ message: 'lost' });
      expect(await building(bench)).toBeUndefined();
      await holder.query('commit');
    });
  });

  it('names whom it waited for in vain', async () => {
    await withTable(
      async (bench) => {
        const holder = await hold(used.url, 'report');
        const outcome = await bench.perform(createIndex('t', 'i', '(v)'));
        await holder.query('commit');
        expect(outcome).toMatchObject({
          kind: 'blocked',
          sqlstate: '57014',
          blockers: [{ application: 'report', state: 'idle in transaction' }],
        });
        expect(bench.attempts()).toMatchObject([{ outcome: 'lock_timeout', lockWaitSeconds: null }]);
      },
      { longLockTimeoutMs: 300 },
    );
  });

  it('takes a unique index back when rows share a key', async () => {
    await withTable(async (bench) => {
      await bench.database.query(`insert into t values (1, 'v1')`);
      const outcome = await bench.perform(createIndex('t', 'i', '(v)', true));
      expect(outcome).toEqual({
        kind: 'violated',
        what: 'i of table t: rows share one key',
        sqlstate: '23505',
      });
      expect(await indexes(bench.database)).toEqual([]);
      expect(await bench.database.query(`select from bellows.steps where state = 'done'`)).toEqual([]);
    });
  });

  it('refuses a name that belongs to something else', async () => {
    await withTable(async (bench) => {
      await bench.database.query('create table u (id int primary key)');
      await expect(bench.perform(createIndex('t', 'u_pkey', '(v)'))).rejects.toMatchObject({
        code: 'BELLOWS_CONFLICTING_OBJECT',
      });
      await expect(bench.perform(createIndex('t', 'u', '(v)'))).rejects.toMatchObject({
        code: 'BELLOWS_CONFLICTING_OBJECT',
      });
    });
  });

  it('sends nothing under a lost lease', async () => {
    await withTable(async (bench) => {
      await bench.database.query('update bellows.lease set epoch = epoch + 1');
      await expect(bench.perform(createIndex('t', 'i', '(v)'))).rejects.toMatchObject({
        code: 'BELLOWS_FENCED',
      });
      expect(await indexes(bench.database)).toEqual([]);
    });
  });

  it('drops an index, once', async () => {
    await withTable(async (bench) => {
      await bench.database.query('create index i on t (v)');
      expect(await bench.perform(dropIndex('t', 'i'))).toEqual({ kind: 'done' });
      expect(await indexes(bench.database)).toEqual([]);
      expect(await bench.perform(dropIndex('t', 'i'))).toEqual({ kind: 'done' });
    });
  });

  const partitioned = (work: (bench: Bench) => Promise<void>) =>
    withBench(
      used.url,
      async (bench) => {
        const { database } = bench;
        await database.query('create table p (id int, v text) partition by range (id)');
        await database.query('create table p1 partition of p for values from (0) to (100)');
        await database.query(
          'create table p2 partition of p for values from (100) to (200) partition by list (id)',
        );
        await database.query('create table p2a partition of p2 default');
        await database.query('insert into p select i, i from generate_series(0, 199) i');
        await work(bench);
      },
      FAST,
    );

  it('indexes a partitioned table leaf by leaf, also below a sub-partition', async () => {
    await partitioned(async (bench) => {
      const step = createIndex('p', 'i', '(v)');
      expect(await bench.perform(step)).toEqual({ kind: 'done' });
      const all = ['i', 'i_p1', 'i_p2', 'i_p2a'].map((name) => ({ name, valid: true }));
      expect(await indexes(bench.database)).toEqual(all);
      expect(await bench.perform(step)).toEqual({ kind: 'done' });
      expect(bench.events.at(-1)).toMatchObject({ payload: { skipped: true } });
      expect(await bench.perform(dropIndex('p', 'i'))).toEqual({ kind: 'done' });
      expect(await indexes(bench.database)).toEqual([]);
    });
  });

  it('goes on with a partitioned index where it was left', async () => {
    await partitioned(async (bench) => {
      await bench.database.query('create index i on only p (v)');
      await bench.database.query('create index some_name on p1 (v)');
      await bench.database.query('alter index i attach partition some_name');
      expect(await bench.perform(createIndex('p', 'i', '(v)'))).toEqual({ kind: 'done' });
      const all = ['i', 'i_p2', 'i_p2a', 'some_name'].map((name) => ({ name, valid: true }));
      expect(await indexes(bench.database)).toEqual(all);
    });
  });

  it('leaves nothing of a partitioned unique index that one leaf violates', async () => {
    await partitioned(async (bench) => {
      await bench.database.query('insert into p values (150, 150)');
      const outcome = await bench.perform(createIndex('p', 'i', '(id, v)', true));
      expect(outcome).toMatchObject({ kind: 'violated', sqlstate: '23505' });
      expect(await indexes(bench.database)).toEqual([]);
    });
  });
});
