import { describe, expect, it } from 'vitest';
import { listQuarantine, retryQuarantine, skipQuarantine } from '#phases/backfill/quarantine';
import { planWalk } from '#phases/backfill/ranges';
import { walkRange } from '#phases/backfill/walk';
import { connect } from '../support/connections.js';
import { until } from '../support/until.js';
import {
  backfill,
  count,
  ledgerProblems,
  NEVER,
  openRanges,
  rowsInLedger,
  SERVER,
  setState,
  startPlain,
  startSynced,
  type Told,
  USERS,
  usersTable,
  useWorkshop,
  type Workshop,
  WRONG_USERS,
  walkAll,
} from './backfill-workshop.js';

const open = useWorkshop();

const NUMBERS = {
  table: 'numbers',
  restores: true,
  groups: [{ forward: { value: 'raw::integer' }, backward: { raw: 'value::text' } }],
};

async function numbersTable(shop: Workshop, rows: number, key = 'primary key'): Promise<void> {
  await shop.app.query(`create table numbers (id bigint ${key}, raw text, value integer)`);
  await shop.app.query(`insert into numbers select i, i::text from generate_series(1, ${rows}) i`);
}

function failures(events: readonly Told[], sqlstate: string): number {
  return events.filter(
    ({ name, payload }) => name === 'batch:failed' && 'sqlstate' in payload && payload.sqlstate === sqlstate,
  ).length;
}

describe('rows that cannot be transformed', () => {
  it('are put aside one by one, and everything else is moved', async () => {
    const shop = await open();
    await numbersTable(shop, 20_000);
    await shop.app.query(`update numbers set raw = 'secret' where id in (7, 8, 4444, 20000)`);
    const run = await startSynced(shop, NUMBERS);
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ rowsDone: 19_996, quarantined: 4, pass: 2 });
    expect(await count(shop.app, `numbers where value::text is distinct from raw`)).toBe(4);
    expect(await count(shop.app, `numbers where _bellows_1 = 'q'`)).toBe(4);
    const entries = await listQuarantine(shop.database, run.id);
    expect(entries.map(({ rowKey, sqlstate }) => [rowKey.id, sqlstate]).sort()).toEqual([
      [20000, '22P02'],
      [4444, '22P02'],
      [7, '22P02'],
      [8, '22P02'],
    ]);
    expect(JSON.stringify([shop.events, entries.map((e) => e.reason)])).not.toContain('secret');
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('go back to the backfill on retry, and are left alone on skip', async () => {
    const shop = await open();
    await numbersTable(shop, 500);
    await shop.app.query(`update numbers set raw = 'x' where id <= 3`);
    const run = await startSynced(shop, NUMBERS);
    await backfill(shop, run);
    const [first, second, third] = await listQuarantine(shop.database, run.id);
    await shop.app.query(
      `alter table numbers disable trigger user; update numbers set raw = '5' where id = 1; alter table numbers enable always trigger "~bellows_1_u"; alter table numbers enable always trigger "~bellows_1_i"`,
    );
    const deps = { ...shop, server: SERVER };
    expect(await skipQuarantine(deps, run, [second?.id ?? 0], 'known', 'cli:a')).toBe(1);
    expect(await retryQuarantine(deps, run, [first?.id ?? 0, third?.id ?? 0], 'cli:a')).toBe(2);
    expect(await count(shop.app, `numbers where _bellows_1 = 'p'`)).toBe(2);
    await planWalk(shop, run, 0, 3);
    await walkAll(shop, run);
    expect(
      (await shop.app.query('select value, _bellows_1 as m from numbers where id <= 3 order by id')).rows,
    ).toEqual([
      { value: 5, m: 'd' },
      { value: null, m: 'b' },
      { value: null, m: 'q' },
    ]);
    expect(
      (await listQuarantine(shop.database, run.id)).map(({ rowKey, state }) => [rowKey.id, state]),
    ).toEqual([
      [2, 'skipped'],
      [3, 'open'],
    ]);
    const history = await shop.store.history({});
    expect(history.map((row) => row.action)).toEqual(
      expect.arrayContaining(['quarantine_skip', 'quarantine_retry']),
    );
  });

  it('are found in a table without a key and in a plain fill, where nothing marks them', async () => {
    const shop = await open();
    await numbersTable(shop, 2_000, '');
    await shop.app.query(`update numbers set raw = 'x' where id = 1000`);
    const run = await startSynced(shop, NUMBERS);
    expect(await backfill(shop, run)).toMatchObject({ rowsDone: 1_999, quarantined: 1 });
    const [entry] = await listQuarantine(shop.database, run.id);
    expect(Object.keys(entry?.rowKey ?? {}).sort()).toEqual(['ctid', 'xmin']);
    await retryQuarantine({ ...shop, server: SERVER }, run, null, 'cli:a');
    expect(await count(shop.app, `numbers where _bellows_1 = 'p'`)).toBe(1);
    await setState(shop.database, run.id, { kind: 'rolled_back', at: '' });

    await shop.app.query(`create table plain (id integer primary key, raw text, value integer);
      insert into plain select i, case when i % 500 = 0 then 'x' else i::text end from generate_series(1, 3000) i`);
    const plain = await startPlain(shop, 'plain', { value: 'raw::integer' }, 'value is null');
    expect(await backfill(shop, plain)).toMatchObject({ rowsDone: 2_994, quarantined: 6, pass: 2 });
    expect(await ledgerProblems(shop.database, plain.id)).toEqual([]);
  });

  it('that the trigger refused are entered by the sweep', async () => {
    const shop = await open();
    await numbersTable(shop, 100);
    const run = await startSynced(shop, NUMBERS);
    await planWalk(shop, run, 0, 1);
    await walkAll(shop, run);
    await shop.app.query(`insert into numbers (id, raw) values (500, 'no number')`);
    expect(await backfill(shop, run)).toMatchObject({ quarantined: 1, rowsDone: 100 });
    expect((await listQuarantine(shop.database, run.id))[0]).toMatchObject({
      reason: 'refused_by_mapping',
      rowKey: { id: 500 },
    });
  });

  it('that a trigger keeps are put aside after two sweeps', async () => {
    const shop = await open();
    await numbersTable(shop, 300);
    await shop.app.query(`create function keep() returns trigger language plpgsql as $$ begin return null; end $$;
      create trigger keep before update on numbers for each row when (old.id in (5, 250)) execute function keep()`);
    const run = await startSynced(shop, NUMBERS);
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ rowsDone: 298, quarantined: 2, pass: 4 });
    expect((await listQuarantine(shop.database, run.id)).map((e) => e.reason)).toEqual([
      'suppressed_by_trigger',
      'suppressed_by_trigger',
    ]);
  });

  it('that take too long are put aside by the statement timeout', async () => {
    const shop = await open({ server: { ...SERVER, applicationDeadlockTimeoutMs: 150 } });
    await numbersTable(shop, 600);
    await shop.app.query(`create function slow(id bigint, raw text) returns integer language plpgsql as
      $$ begin if id = 77 then perform pg_sleep(5); end if; return raw::integer; end $$`);
    const run = await startSynced(shop, {
      ...NUMBERS,
      groups: [{ forward: { value: 'public.slow(id, raw)' } }],
    });
    expect(await backfill(shop, run)).toMatchObject({ rowsDone: 599, quarantined: 1 });
    expect((await listQuarantine(shop.database, run.id))[0]).toMatchObject({
      sqlstate: '57014',
      rowKey: { id: 77 },
    });
    expect(await count(shop.app, `numbers where value is null`)).toBe(1);
  });
});

describe('other sessions', () => {
  it('that hold a row do not hold the walk; the sweep takes the row', async () => {
    const shop = await open();
    await usersTable(shop.app, 5_000);
    const run = await startSynced(shop, USERS);
    await shop.app.query('begin; select from users where id = 2500 for update');
    await planWalk(shop, run, 0, 1);
    expect(new Set(await walkAll(shop, run))).toEqual(new Set(['done']));
    expect(failures(shop.events, '55P03')).toBe(1);
    expect(await rowsInLedger(shop.database, run.id)).toBe(4_999);
    await planWalk(shop, run, 0, 2);
    await walkAll(shop, run);
    await shop.app.query('commit');
    expect(await backfill(shop, run)).toMatchObject({ rowsDone: 5_000, rowsInPass: 0, leftLocked: 0 });
    expect(await count(shop.app, WRONG_USERS)).toBe(0);
  });

  it('are never the victim of a deadlock with a batch', async () => {
    const shop = await open();
    await shop.app.query(
      `create function lag(raw text) returns integer language plpgsql as $$ begin perform pg_sleep(0.325); return raw::integer; end $$`,
    );
    await numbersTable(shop, 5);
    const run = await startSynced(shop, { ...NUMBERS, groups: [{ forward: { value: 'public.lag(raw)' } }] });
    await planWalk(shop, run, 0, 1);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    // The application holds the last row; the batch takes the first ones slowly; the application then wants the first.
    await shop.app.query(`begin; select from numbers where id = 4 for update`);
    const walked = walkRange(shop.deps, { runId: run.id, rangeId }, NEVER);
    const watcher = await connect(urlOf(shop));
    await until(async () => {
      const { rows } = await watcher.query(
        `select 1 from pg_stat_activity where application_name like 'bellows%' and wait_event = 'PgSleep' and datname = current_database()`,
      );
      return rows.length > 0;
    });
    await watcher.query('select pg_sleep(0.335)');
    await shop.app.query(`select from numbers where id = 1 for update`);
    await shop.app.query('commit');
    expect(await walked).toBe('done');
    await backfill(shop, run);
    expect(await count(shop.app, `numbers where value is null`)).toBe(0);
  });

  it('stop the walk within a batch by a pause', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000);
    const run = await startSynced(shop, USERS, {}, { targetMs: 10 });
    await planWalk(shop, run, 0, 1);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    const walked = walkRange(shop.deps, { runId: run.id, rangeId }, NEVER);
    await until(async () => (await rowsInLedger(shop.database, run.id)) > 0, { everyMs: 1 });
    await setState(shop.database, run.id, {
      kind: 'paused',
      inner: run.state,
      by: 'x',
      reason: 'y',
      since: '',
    });
    const atPause = await rowsInLedger(shop.database, run.id);
    expect(await walked).toBe('stale');
    const after = await rowsInLedger(shop.database, run.id);
    expect(after).toBeLessThan(20_000);
    expect(after - atPause).toBeLessThan(10_000);
    expect(await count(shop.app, `users where _bellows_1 = 'd'`)).toBe(after);
  });
});

describe('what stops a walk', () => {
  it('is row security, instead of seeing nothing', async () => {
    const shop = await open();
    await numbersTable(shop, 50);
    const run = await startSynced(shop, NUMBERS);
    await planWalk(shop, run, 0, 1);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    const role = `w_${crypto.randomUUID().slice(0, 8)}`;
    await shop.app.query(`create role ${role} login; grant all on all tables in schema public, bellows to ${role};
      grant usage on schema public, bellows to ${role}; grant all on all sequences in schema bellows to ${role};
      alter table numbers enable row level security`);
    const url = new URL(urlOf(shop));
    url.username = role;
    const { createDatabase } = await import('../../src/postgres/database.js');
    const database = createDatabase({ url: url.href, applicationName: 'bellows worker', max: 2 });
    try {
      const walked = walkRange({ ...shop.deps, database }, { runId: run.id, rangeId }, NEVER);
      await expect(walked).rejects.toMatchObject({
        code: 'BELLOWS_BACKFILL_STOPPED',
        data: { sqlstate: '42501' },
      });
    } finally {
      await database.close();
      await shop.app.query(`drop owned by ${role}; drop role ${role}`);
    }
    expect(await rowsInLedger(shop.database, run.id)).toBe(0);
  });

  it('is a column that is gone; but not when the run was rolled back meanwhile', async () => {
    const shop = await open();
    await numbersTable(shop, 50);
    const run = await startSynced(shop, NUMBERS);
    await planWalk(shop, run, 0, 1);
    await shop.app.query('alter table numbers drop column value cascade');
    await expect(walkAll(shop, run)).rejects.toMatchObject({
      code: 'BELLOWS_BACKFILL_STOPPED',
      data: { sqlstate: '42703' },
    });
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    const throttle = {
      ...shop.deps.throttle,
      check: async () => {
        await setState(shop.database, run.id, { kind: 'rolling_back' });
        return [];
      },
    };
    expect(await walkRange({ ...shop.deps, throttle }, { runId: run.id, rangeId }, NEVER)).toBe('stale');
  });

  it('is the signal and the budget, with the range given back', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000);
    const run = await startSynced(shop, USERS, {}, { targetMs: 5, rowsPerSecond: 5_000 });
    await planWalk(shop, run, 0, 1);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    const began = performance.now();
    expect(await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER, 1_500)).toBe('yielded');
    expect(performance.now() - began).toBeLessThan(2_500);
    const rows = await rowsInLedger(shop.database, run.id);
    expect(rows).toBeGreaterThan(2_000);
    expect(rows).toBeLessThan(14_000);
    const stop = new AbortController();
    const walked = walkRange(shop.deps, { runId: run.id, rangeId }, stop.signal);
    setTimeout(() => stop.abort(), 50);
    expect(await walked).toBe('yielded');
    expect(await shop.database.query('select holder from bellows.ranges where id = $1', [rangeId])).toEqual([
      { holder: null },
    ]);
  });
});

function urlOf(shop: Workshop): string {
  const { host, port, user, database } = shop.app;
  return `postgresql://${user}@${host}:${port}/${database}`;
}
