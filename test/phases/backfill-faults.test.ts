import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#phases/backfill/clock';
import { dispatch } from '#phases/backfill/dispatch';
import { rangeJob } from '#phases/backfill/job';
import { readProgress } from '#phases/backfill/progress';
import { planWalk } from '#phases/backfill/ranges';
import type { ReadSignal, Signal } from '#phases/backfill/throttle/signal';
import { createThrottle } from '#phases/backfill/throttle/throttle';
import { walkRange } from '#phases/backfill/walk';
import type { JobContext, RangeJob } from '#ports';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { connect } from '../support/connections.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import {
  backfill,
  count,
  ledgerProblems,
  NEVER,
  openRanges,
  openWorkshop,
  reread,
  rowsInLedger,
  startSynced,
  USERS,
  urlOf,
  usersTable,
  useWorkshop,
  WRONG_USERS,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';

/** So that few rows make several ranges. */
const WIDE = `, filler char(400) default 'x'`;

/** Old and new deploys, until told to end. Resolves with the errors that they met. */
async function write(url: string, going: () => boolean, seed: number): Promise<readonly string[]> {
  const client = await connect(url);
  const errors: string[] = [];
  for (let i = 0; going(); i += 1) {
    const id = ((i * 7919 + seed * 104_729) % 20_000) + 1;
    const name = `W${seed}x${i}`;
    const statements: readonly [string, readonly unknown[]][] = [
      [`insert into users (full_name) values ($1)`, [`${name} Old`]],
      [`insert into users (first_name, last_name) values ($1, 'New')`, [name]],
      [`update users set full_name = $2 where id = $1`, [id, `${name} Longer${'x'.repeat(i % 50)}`]],
      [`update users set first_name = $2 where id = $1`, [id, name]],
      [`update users set n = n + 1 where id = $1`, [id]],
      [`delete from users where id = $1`, [id]],
    ];
    const [text, values] = statements[i % statements.length] ?? ['select 1', []];
    await client.query(text, [...values]).catch((error: Error) => errors.push(`${text}: ${error.message}`));
  }
  return errors;
}

describe.each(MAJORS)('concurrent writers on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it('meet three walkers: nothing is pending, wrong or failed afterwards', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000, WIDE);
    const run = await startSynced(shop, USERS, {}, { concurrency: 3, targetMs: 20 });
    let going = true;
    const writers = [1, 2, 3].map((seed) => write(urlOf(shop), () => going, seed));
    await planWalk(shop, run, 0, 1);
    const jobs = await openRanges(shop.database, run.id);
    expect(jobs.length).toBeGreaterThanOrEqual(3);
    await Promise.all(
      jobs.map((rangeId) =>
        until(
          async () => (await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER)) === 'done' || null,
          { everyMs: 5, timeoutMs: 20_000 },
        ),
      ),
    );
    const pending = await count(shop.app, `users where _bellows_1 = 'p'`);
    const progress = await backfill(shop, run, 12);
    going = false;
    expect((await Promise.all(writers)).flat()).toEqual([]);
    const [left] = await shop.database.query<{ n: number }>(
      'select coalesce(sum(left_behind), 0)::integer as n from bellows.batches where run_id = $1',
      [run.id],
    );
    expect(pending).toBeLessThanOrEqual(left?.n ?? 0);
    expect(progress.openRanges).toBe(0);
    expect(await count(shop.app, `users where _bellows_1 in ('p', 'q')`)).toBe(0);
    expect(await count(shop.app, WRONG_USERS)).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });
});

const ORDERS = [
  { way: 'by blocks', over: {} },
  { way: 'newest first', over: { order: 'newest first' } },
] as const;

describe.each(ORDERS)('a crash of the server, the walk going $way', ({ over }) => {
  let server: PostgresServer;
  let own: TestDatabase;
  beforeAll(async () => {
    // A commit that is not waited for is flushed up to 10 s later: such batches are acknowledged, and lost.
    server = await startPostgres({ settings: { wal_writer_delay: '10s' } });
    own = await createDatabase({ server: server.url });
  });
  afterAll(() => server.stop('immediate'));

  it('in the middle of a walk leaves ledger and data in step, and the walk goes on', async () => {
    const shop = await openWorkshop(own.url);
    try {
      await usersTable(shop.app, 40_000);
      await shop.app.query('analyze users');
      // Three walks of at most 1.5 s must not come to the end of the table.
      const run = await startSynced(shop, USERS, over, { targetMs: 10, rowsPerSecond: 6_000 });
      await planWalk(shop, run, 0, 1);
      for (let crash = 0; crash < 3; crash += 1) {
        const [rangeId = 0] = await openRanges(shop.database, run.id);
        const before = await rowsInLedger(shop.database, run.id);
        // A claim that could not be given back before the crash lives for 10 s.
        const walked = until(
          async () => {
            const outcome = await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER, 1_500);
            return outcome !== 'stale' && outcome;
          },
          { timeoutMs: 60_000, everyMs: 100 },
        );
        await until(async () => (await rowsInLedger(shop.database, run.id)) > before, {
          everyMs: 5,
          timeoutMs: 60_000,
        });
        await server.restart('immediate');
        const app = await connect(own.url);
        expect(['yielded', 'done']).toContain(await walked);
        expect(await count(app, `users where _bellows_1 = 'd'`)).toBe(
          await rowsInLedger(shop.database, run.id),
        );
        expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
      }
      await shop.store.setPace(run.id, (pace) => ({ ...pace, rowsPerSecond: null, targetMs: 100 }), 'test');
      await shop.database.query(`update bellows.ranges set holder = null where state = 'open'`);
      const progress = await backfill(shop, await reread(shop.store, run.id));
      expect(progress).toMatchObject({ rowsDone: 40_000, rowsInPass: 0 });
    } finally {
      await shop.close();
    }
  }, 240_000);
});

describe('dispatch', () => {
  const open = useWorkshop();

  function memoryQueue() {
    const jobs = new Map<string, RangeJob>();
    return {
      jobs,
      enqueue: async (id: string, job: RangeJob) => void jobs.set(id, job),
      known: async (ids: readonly string[]) => new Set(ids.filter((id) => jobs.has(id))),
    };
  }

  it('keeps as many jobs as may run, makes lost ones again, and drives the walk to its end', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000, WIDE);
    const run = await startSynced(shop, USERS, {}, { concurrency: 2 });
    await planWalk(shop, run, 0, 1);
    const ranges = await openRanges(shop.database, run.id);
    expect(ranges.length).toBeGreaterThan(2);
    const queue = memoryQueue();
    const deps = {
      ...shop.deps,
      queue,
      fail: async (_: number, error: unknown) => {
        throw error;
      },
    };
    expect(await dispatch(deps, run)).toBe(2);
    expect(await dispatch(deps, run)).toBe(0);
    const [lost = ''] = queue.jobs.keys();
    expect(lost).toMatch(/^r\d+-\d+-[0-9a-f-]+$/);
    queue.jobs.clear();
    await shop.database.query(`update bellows.ranges set queued_at = queued_at - interval '1 min'`);
    expect(await dispatch(deps, run)).toBe(2);
    expect(queue.jobs.has(lost)).toBe(false);
    const handle = rangeJob(deps);
    const takeOne = async () => {
      const [next] = queue.jobs;
      if (next === undefined) return;
      const context: JobContext = { signal: NEVER, jobId: next[0], enqueuedAt: Date.now() };
      queue.jobs.delete(next[0]);
      await handle(next[1], context);
    };
    await until(async () => {
      await Promise.all([takeOne(), takeOne()]);
      await dispatch(deps, run);
      return (await readProgress(shop.database, run.id, 0)).openRanges === 0;
    });
    expect(await rowsInLedger(shop.database, run.id)).toBe(20_000);
    expect(shop.events.some(({ name }) => name === 'job:finished')).toBe(true);
  });

  it('reports a run that cannot go on', async () => {
    const shop = await open();
    await usersTable(shop.app, 100);
    const run = await startSynced(shop, USERS);
    await planWalk(shop, run, 0, 1);
    await shop.app.query('alter table users drop column last_name cascade');
    const failed: unknown[] = [];
    const deps = {
      ...shop.deps,
      queue: memoryQueue(),
      fail: async (_: number, error: unknown) => void failed.push(error),
    };
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    const context: JobContext = { signal: NEVER, jobId: 'x', enqueuedAt: Date.now() };
    await rangeJob(deps)({ runId: run.id, rangeId }, context);
    expect(failed).toMatchObject([{ code: 'BELLOWS_BACKFILL_STOPPED' }]);
  });
});

const watched = (id: number) => ({ id, migration: 'x', table: { schema: 'public', name: 'users' } });

function signal(id: string, read: ReadSignal): Signal {
  return { id, defaultOn: true, apart: false, limits: {}, open: () => read };
}

describe('the throttle', () => {
  const open = useWorkshop();

  it('stops while a session waits for us too long, says why, and resumes by itself', async () => {
    const shop = await open();
    await usersTable(shop.app, 3_000);
    const run = await startSynced(shop, USERS);
    await planWalk(shop, run, 0, 1);
    const ours = await connect(urlOf(shop), { application_name: 'bellows worker' });
    await ours.query('begin; select from users where id = 1 for update');
    const waiting = shop.app.query('update users set n = 1 where id = 1');
    await until(async () => (await shop.deps.throttle.check(watched(run.id))).length > 0);
    const [hold] = await shop.deps.throttle.check(watched(run.id));
    expect(hold).toMatchObject({
      signal: 'lock_waiters',
      text: expect.stringContaining('waited for Bellows'),
    });
    expect(await shop.store.holds(run.id)).toMatchObject([{ signal: 'lock_waiters' }]);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    expect(await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER, 500)).toBe('yielded');
    expect(await rowsInLedger(shop.database, run.id)).toBe(0);
    await ours.query('commit');
    await waiting;
    expect(await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER)).toBe('done');
    expect(await shop.store.holds(run.id)).toEqual([]);
    expect(await shop.database.query('select signal, events from bellows.throttled')).toEqual([
      { signal: 'lock_waiters', events: 1 },
    ]);
    expect(shop.events.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['throttle:on', 'throttle:off']),
    );
  });

  it('stops when a signal cannot be read, and when it does not answer', async () => {
    const shop = await open();
    await usersTable(shop.app, 10);
    const run = await startSynced(shop, USERS);
    const broken = signal('broken', async ({ database }) => {
      await database.query(`select 1 / (random() < 0)::integer`);
      return { value: 0, limit: 1, verdict: 'go', utilisation: 0, text: '', release: '' };
    });
    const options = { database: shop.database, emit: shop.deps.emit, clock: systemClock };
    expect(await createThrottle({ ...options, signals: [broken] }).check(watched(run.id))).toMatchObject([
      { signal: 'broken' },
    ]);
    const silent = signal('silent', () => new Promise(() => undefined));
    expect(await createThrottle({ ...options, signals: [silent] }).check(watched(run.id))).toMatchObject([
      { signal: 'stale' },
    ]);
  });
});
