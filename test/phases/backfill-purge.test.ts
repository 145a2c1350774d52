import { describe, expect, it } from 'vitest';
import { listQuarantine } from '#phases/backfill/quarantine';
import { planWalk } from '#phases/backfill/ranges';
import { connect } from '../support/connections.js';
import { until } from '../support/until.js';
import {
  backfill,
  count,
  ledgerProblems,
  rowsInLedger,
  startPurge,
  urlOf,
  useWorkshop,
  walkAll,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';

const OLD = `at < now() - interval '1 year'`;
const ROWS = `select i, now() - case when i % 4 = 0 then interval '2 years' else interval '1 day' end, 'x' from generate_series(1, 8000) i`;

describe.each(MAJORS)('a purge on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it.each([
    ['a table', 'create table events (id bigint primary key, at timestamptz, v text)', {}],
    ['a table without a key', 'create table events (id bigint, at timestamptz, v text)', {}],
    [
      'a table newest first',
      'create table events (id bigint primary key, at timestamptz, v text)',
      { order: 'newest first' },
    ],
    [
      'partitions',
      `create table events (id bigint primary key, at timestamptz, v text) partition by hash (id);
      create table events_0 partition of events for values with (modulus 2, remainder 0);
      create table events_1 partition of events for values with (modulus 2, remainder 1)`,
      {},
    ],
  ] as const)('deletes what is due, once, and nothing else: %s', async (_, table, over) => {
    const shop = await open();
    await shop.app.query(`${table}; insert into events ${ROWS}; analyze events`);
    const run = await startPurge(shop, 'events', OLD, over);
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({
      pass: 2,
      rowsDone: 2_000,
      rowsInPass: 0,
      leftLocked: 0,
      quarantined: 0,
    });
    expect(await count(shop.app, `events where ${OLD}`)).toBe(0);
    expect(await count(shop.app, 'events')).toBe(6_000);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });
});

describe('a purge', () => {
  const open = useWorkshop();
  const TABLE = 'create table events (id bigint primary key, at timestamptz, v text)';

  it('ends while rows go on becoming due, and tells how many it took', { timeout: 30_000 }, async () => {
    const shop = await open();
    await shop.app.query(`${TABLE}; insert into events ${ROWS}`);
    const run = await startPurge(shop, 'events', OLD);
    const writer = await connect(urlOf(shop));
    let going = true;
    const writing = (async () => {
      for (let id = 1_000_000; going; id += 1)
        await writer.query(`insert into events values ($1, now() - interval '2 years', 'late')`, [id]);
    })();
    await until(async () => (await count(shop.app, `events where v = 'late'`)) > 50 || null);
    const progress = await backfill(shop, run).finally(() => {
      going = false;
    });
    await writing;
    expect(progress).toMatchObject({ openRanges: 0, leftLocked: 0 });
    expect(progress.pass).toBeLessThan(5);
    expect(await count(shop.app, `events where ${OLD} and v = 'x'`)).toBe(0);
    const late = await count(shop.app, `events where v = 'late'`);
    const { rows } = await writer.query<{ n: number }>(`select count(*)::integer as n from events`);
    expect(rows[0]?.n).toBe(6_000 + late);
    expect(await rowsInLedger(shop.database, run.id)).toBeGreaterThanOrEqual(2_000);
  });

  it('takes children along by CASCADE, and puts a row aside that is still referred to', async () => {
    const shop = await open();
    await shop.app.query(`${TABLE}; insert into events ${ROWS};
      create table notes (id integer primary key, event bigint references events on delete cascade);
      create index on notes (event);
      insert into notes select i, i from generate_series(1, 100) i;
      create table bills (id integer primary key, event bigint references events);
      create index on bills (event);
      insert into bills values (1, 40), (2, 44), (3, 41)`);
    const run = await startPurge(shop, 'events', OLD);
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ rowsDone: 1_998, quarantined: 2 });
    expect(await count(shop.app, `events where ${OLD}`)).toBe(2);
    expect(await count(shop.app, 'notes')).toBe(77);
    expect(await count(shop.app, 'notes where not exists (select from events e where e.id = event)')).toBe(0);
    const entries = await listQuarantine(shop.database, run.id);
    expect(entries.map(({ rowKey, sqlstate }) => [rowKey.id, sqlstate])).toEqual([
      [40, '23503'],
      [44, '23503'],
    ]);
  });

  it('waits for no row that somebody holds, and comes back for it', async () => {
    const shop = await open();
    await shop.app.query(`${TABLE}; insert into events ${ROWS}`);
    const run = await startPurge(shop, 'events', OLD);
    await planWalk(shop, run, 0, 1);
    const other = await connect(urlOf(shop));
    // A child that is being inserted holds its parent by KEY SHARE.
    await other.query('begin; select from events where id in (4, 4000) for key share');
    expect(await walkAll(shop, run)).not.toContain('stale');
    expect(await count(shop.app, `events where ${OLD}`)).toBe(2);
    await other.query('commit');
    expect(await backfill(shop, run)).toMatchObject({ rowsDone: 2_000, leftLocked: 0 });
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('of few rows goes to them by an index', async () => {
    const shop = await open();
    await shop.app.query(`create table events (id bigint primary key, at timestamptz, v text);
      alter table events alter v set storage plain;
      insert into events select i, now() - case when i % 100 = 0 then interval '2 years' else interval '1 day' end, repeat('x', 500)
      from generate_series(1, 20000) i;
      create index on events (at);
      analyze events`);
    const run = await startPurge(shop, 'events', OLD);
    expect(await backfill(shop, run)).toMatchObject({ pass: 2, rowsDone: 200 });
    const kinds = await shop.database.query('select distinct kind from bellows.ranges where run_id = $1', [
      run.id,
    ]);
    expect(kinds).toEqual([{ kind: 'picked' }]);
  });
});
