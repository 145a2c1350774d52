import { describe, expect, it } from 'vitest';
import type { Database } from '#ports';
import { CommitUnknownError } from '#postgres/connection-errors';
import { createDdlExecutor } from '#postgres/ddl';
import type { Major } from '#servers/binaries';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { action, addColumn, type Bench, table, withBench } from './ddl-bench.js';

const columns = async ({ database }: Bench, name: string) =>
  (
    await database.query<{ c: string }>(
      `select attname::text as c from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
      [`public.${name}`],
    )
  ).map(({ c }) => c);

describe.each([14, 15, 18] as const)('blocking DDL on %i', (major: Major) => {
  const used = useDatabase({ major });

  it('does the actions, the mark and the history row in one transaction', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      expect(await bench.perform(addColumn('t', 'a'))).toEqual({ kind: 'done' });
      expect(await columns(bench, 't')).toEqual(['id', 'a']);
      const [marked] = await bench.database.query(
        `select s.state, s.xmin = a.xmin as same, h.action, h.detail
         from bellows.steps s, pg_attribute a, bellows.history h
         where a.attrelid = 'public.t'::regclass and a.attname = 'a' and h.xmin = s.xmin`,
      );
      expect(marked).toEqual({
        state: 'done',
        same: true,
        action: 'step_done',
        detail: { step: 'expand/a', title: 'add a', skipped: false },
      });
      expect(bench.events.map(({ name }) => name)).toEqual(['step:started', 'step:attempt', 'step:done']);
    });
  });

  it('makes a reader wait for less than 700 ms, however the leaves are held', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table p (id int, v int) partition by range (id)');
      for (let i = 0; i < 8; i += 1) {
        await bench.database.query(
          `create table p${i} partition of p for values from (${i * 10}) to (${i * 10 + 10})`,
        );
      }
      // Leaf i is let go 0.4 s after leaf i - 1: under a lock_timeout of 500 ms no single wait is too long, and all eight
      // together, with every reader of the first leaves behind them, are 3.2 s.
      const holders = await Promise.all(Array.from({ length: 8 }, () => connect(used.url)));
      await Promise.all(
        holders.map((holder, i) => holder.query(`begin; lock table p${i} in access share mode`)),
      );
      const holding = holders.map((holder, i) => holder.query(`select pg_sleep(${0.4 * (i + 1)}); commit`));
      const reader = await connect(used.url);
      let slowest = 0;
      let stopped = false;
      const reading = (async () => {
        while (!stopped) {
          const begun = performance.now();
          await reader.query('select count(*) from p0');
          slowest = Math.max(slowest, performance.now() - begun);
        }
      })();
      const outcomes: string[] = [];
      while (outcomes.at(-1) !== 'done') outcomes.push((await bench.perform(addColumn('p', 'a'))).kind);
      stopped = true;
      await Promise.all([...holding, reading]);
      expect(outcomes.slice(0, 5)).toEqual(['blocked', 'blocked', 'blocked', 'blocked', 'blocked']);
      expect(slowest).toBeGreaterThan(200);
      expect(slowest).toBeLessThan(700);
    });
  });

  it('names who is in the way and who queued, without the values of their queries', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int, mail text)');
      const holder = await connect(used.url, { application_name: 'billing' });
      await holder.query('begin');
      await holder.query(`select * from t where mail = 'anna@example.org' and id = 4711`);
      const reader = await connect(used.url, { application_name: 'reader' });
      const attempt = bench.perform(addColumn('t', 'a'));
      const waiting = async () =>
        (
          await bench.database.query(
            `select from pg_locks where relation = 'public.t'::regclass and not granted`,
          )
        ).length > 0;
      await until(waiting);
      const read = reader.query('select 42 from t');
      const outcome = await attempt;
      await read;
      expect(outcome).toMatchObject({
        kind: 'blocked',
        sqlstate: '57014',
        blockers: [
          {
            application: 'billing',
            user: 'postgres',
            state: 'idle in transaction',
            query: 'select * from t where mail = ? and id = ?',
          },
        ],
        queued: [{ application: 'reader', query: 'select ? from t' }],
      });
      expect(bench.attempts()).toMatchObject([{ outcome: 'lock_timeout', lockHeldSeconds: 0 }]);
      expect(bench.attempts()[0]?.lockWaitSeconds).toBeGreaterThan(0.45);
      expect(await columns(bench, 't')).toEqual(['id', 'mail']);
    });
  });

  it('names a prepared transaction, which no process holds', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      const holder = await connect(used.url);
      await holder.query('begin');
      await holder.query('insert into t values (1)');
      await holder.query(`prepare transaction 'invoice 7'`);
      const outcome = await bench.perform(addColumn('t', 'a'));
      await holder.query(`rollback prepared 'invoice 7'`);
      expect(outcome).toMatchObject({
        kind: 'blocked',
        blockers: [{ pid: 0, application: 'prepared transaction invoice 7', state: 'prepared' }],
      });
    });
  });

  it('does nothing under a lost lease', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      await bench.database.query(`update bellows.lease set epoch = epoch + 1`);
      await expect(bench.perform(addColumn('t', 'a'))).rejects.toMatchObject({ code: 'BELLOWS_FENCED' });
      expect(await columns(bench, 't')).toEqual(['id']);
      expect(await bench.database.query('select from bellows.steps')).toEqual([]);
    });
  });

  it('only marks what its probes find done, without asking for a lock', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int, a int)');
      const reader = await connect(used.url);
      await reader.query('begin');
      await reader.query('select from t');
      expect(await bench.perform(addColumn('t', 'a'))).toEqual({ kind: 'done' });
      expect(bench.events.at(-1)).toMatchObject({ name: 'step:done', payload: { skipped: true } });
    });
  });

  it('does the rest where a part is done', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int, a int)');
      const both = addColumn('t', 'a');
      const step = { ...both, actions: [...both.actions, ...addColumn('t', 'b').actions] };
      expect(await bench.perform(step)).toEqual({ kind: 'done' });
      expect(await columns(bench, 't')).toEqual(['id', 'a', 'b']);
    });
  });

  it('rolls back when a guard finds rows', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      await bench.database.query('insert into t values (1)');
      const guards = [{ title: 'no rows are left', sql: 'select 1 from public.t limit 1' }];
      expect(await bench.perform(addColumn('t', 'a', { guards }))).toEqual({
        kind: 'violated',
        what: 'it must hold, and does not, that no rows are left',
        sqlstate: '23000',
      });
      expect(await columns(bench, 't')).toEqual(['id']);
      await bench.database.query('delete from t');
      expect(await bench.perform(addColumn('t', 'a', { guards }))).toEqual({ kind: 'done' });
    });
  });

  it('tells a violation by the constraint, and keeps the key to itself', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int, secret text)');
      await bench.database.query(`insert into t values (1, 'anna'), (1, 'anna')`);
      const actions = [action('statement', 'alter table public.t add constraint t_secret unique (secret)')];
      const outcome = await bench.perform(addColumn('t', 'a', { actions }));
      expect(outcome).toEqual({
        kind: 'violated',
        what: 't_secret of table t: rows share one key',
        sqlstate: '23505',
      });
    });
  });

  it('bounds a statement that works under its lock', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      const actions = [action('statement', 'select pg_sleep(5)')];
      expect(await bench.perform(addColumn('t', 'a', { actions }))).toEqual({
        kind: 'blocked',
        blockers: [],
        queued: [],
        sqlstate: '57014',
      });
      expect(bench.attempts()).toMatchObject([{ outcome: 'statement_timeout' }]);
      expect(bench.attempts()[0]?.lockHeldSeconds).toBeLessThan(0.7);
    });
  });

  it('refuses with the catalogue’s words what waiting does not cure', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      const actions = [action('add column', 'alter table public.t add column id int')];
      const failed = bench.perform(addColumn('t', 'a', { actions }));
      await expect(failed).rejects.toMatchObject({
        code: 'BELLOWS_DDL',
        data: { sqlstate: '42701' },
        message: expect.stringContaining('already exists'),
      });
    });
  });

  it('takes the mark for it where a statement has no probe', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      const actions = [action('add column', 'alter table public.t add column a int')];
      expect(await bench.perform(addColumn('t', 'a', { actions }))).toEqual({ kind: 'done' });
      // Doing it again would fail with 42701.
      expect(await bench.perform(addColumn('t', 'a', { actions }))).toEqual({ kind: 'done' });
    });
  });

  it('finds a commit whose answer was lost, and none where there was none', async () => {
    await withBench(used.url, async ({ database, run, fence }) => {
      await database.query('create table t (id int)');
      const lost = new CommitUnknownError(database.endpoint);
      const over = (transaction: Database['transaction']) =>
        createDdlExecutor({
          database: {
            query: (text, values) => database.query(text, values),
            direct: (signal, work) => database.direct(signal, work),
            readSome: (...args) => database.readSome(...args),
            close: () => database.close(),
            transaction,
          },
          emit: () => undefined,
        });
      const committed = over(async (limits, work) => {
        await database.transaction(limits, work);
        throw lost;
      });
      const rolledBack = over((limits, work) =>
        database.transaction(limits, async (tx) => {
          await work(tx);
          throw lost;
        }),
      );
      const { signal } = new AbortController();
      await expect(rolledBack.perform(run, addColumn('t', 'a'), fence, signal)).rejects.toBe(lost);
      expect(await committed.perform(run, addColumn('t', 'a'), fence, signal)).toEqual({ kind: 'done' });
    });
  });

  it('leaves nothing when its session is ended under the lock', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      const killer = await connect(used.url);
      const actions = [...addColumn('t', 'a').actions, action('statement', 'select pg_sleep(0.4)')];
      const attempt = bench.perform(addColumn('t', 'a', { actions })).catch((error: unknown) => error);
      await until(async () => {
        const { rowCount } = await killer.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
        );
        return rowCount === 1;
      });
      expect(await attempt).toMatchObject({ code: 'BELLOWS_PG_LOST' });
      expect(await columns(bench, 't')).toEqual(['id']);
      expect(await bench.perform(addColumn('t', 'a'))).toEqual({ kind: 'done' });
    });
  });

  it('takes only the lock that its actions need', async () => {
    await withBench(used.url, async (bench) => {
      await bench.database.query('create table t (id int)');
      const reader = await connect(used.url);
      await reader.query('begin');
      await reader.query('select from t');
      const actions = [
        action(
          'create trigger',
          'create trigger tr before update on public.t for each row execute function suppress_redundant_updates_trigger()',
        ),
      ];
      expect(await bench.perform(addColumn('t', 'a', { tables: [table('t')], actions }))).toEqual({
        kind: 'done',
      });
    });
  });
});
