import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { renderBatches } from '#phases/backfill/batch';
import { claim } from '#phases/backfill/claim';
import { spread } from '#phases/backfill/key-ranges';
import { planWalk } from '#phases/backfill/ranges';
import { walkRange } from '#phases/backfill/walk';
import {
  backfill,
  count,
  ledgerProblems,
  NEVER,
  openRanges,
  rowsInLedger,
  startSynced,
  USERS,
  useWorkshop,
  walkAll,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';

const NEWEST = { order: 'newest first' } as const;
/** Wide rows make many blocks, and these several ranges. */
const FILLER = `filler char(400) default 'x'`;

interface Keyed {
  readonly columns: string;
  readonly key: string;
  /** Of the row number `i`. */
  readonly value: string;
}

const KEYS: readonly (readonly [string, Keyed])[] = [
  ['int', { columns: 'id integer', key: 'id', value: 'i * 3' }],
  ['uuid', { columns: 'id uuid', key: 'id', value: `md5(i::text)::uuid` }],
  [
    'text of any letters',
    { columns: 'id text', key: 'id', value: `chr(34 + i % 90) || '{",}\\ ' || md5(i::text)` },
  ],
  [
    'an enum and bytes',
    {
      columns: 'kind mood, id bytea',
      key: 'kind, id',
      value: `(enum_range(null::mood))[1 + i % 3], decode(md5(i::text), 'hex')`,
    },
  ],
  ['a domain over char', { columns: 'id code', key: 'id', value: `lpad(i::text, 6, '0')` }],
  [
    'text in another collation',
    { columns: 'id text collate "C"', key: 'id', value: `chr(65 + i % 60) || md5(i::text)` },
  ],
  [
    'several columns',
    { columns: 'tenant integer, id uuid', key: 'tenant, id', value: 'i % 7, md5(i::text)::uuid' },
  ],
  [
    'time',
    {
      columns: 'at timestamptz, "n o" numeric',
      key: 'at, "n o"',
      value: `'2024-03-30 23:00+00'::timestamptz + i / 2 * interval '7 min', i / 10.0`,
    },
  ],
];

/** `users` with the key, and what moved which row: only the batch turns `p` into `d`. */
async function keyedUsers(app: pg.Client, { columns, key, value }: Keyed, rows: number): Promise<void> {
  await app.query(`create type mood as enum ('sad', 'ok', 'happy'); create domain code as char(8)`);
  await app.query(
    `create table users (${columns}, full_name text not null, first_name text, last_name text, ${FILLER}, primary key (${key}))`,
  );
  await app.query(
    `insert into users (${key}, full_name) select ${value}, 'Ann' || i || ' Lee' from generate_series(1, $1::integer) i`,
    [rows],
  );
  await app.query('analyze users');
  await app.query(`create table moved (place bigint generated always as identity, batch xid8 default pg_current_xact_id(), ${columns});
    create function note() returns trigger language plpgsql as $$ begin
      if old._bellows_1 = 'p' and new._bellows_1 = 'd' then insert into moved (${key}) select ${key
        .split(', ')
        .map((c) => `new.${c}`)
        .join(', ')}; end if;
      return null;
    end $$;
    create trigger note after update on users for each row execute function note()`);
}

describe.each(MAJORS)('a walk newest first on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it.each(KEYS)('down a key of %s moves every row once, in its order', async (_, keyed) => {
    const shop = await open();
    await keyedUsers(shop.app, keyed, 9_000);
    const run = await startSynced(shop, USERS, NEWEST, { targetMs: 15 });
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ pass: 2, rowsDone: 9_000, rowsInPass: 0, leftLocked: 0 });
    const kinds = await shop.database.query(
      'select pass, kind, count(*) > 1 as several from bellows.ranges where run_id = $1 group by pass, kind order by pass',
      [run.id],
    );
    expect(kinds).toEqual([
      { pass: 1, kind: 'keys', several: true },
      { pass: 2, kind: 'blocks', several: true },
    ]);
    expect(await count(shop.app, `users where _bellows_1 <> 'd' or first_name is null`)).toBe(0);
    expect(await count(shop.app, 'moved')).toBe(9_000);
    expect(
      await count(shop.app, `(select from moved group by ${keyed.key} having count(*) > 1) as twice`),
    ).toBe(0);
    // Each batch lies below the one before it, and there were several.
    const order = `(
      select b.place, min(row_number) as newest, max(row_number) as oldest
      from (select *, row_number() over (order by ${keyed.key
        .split(', ')
        .map((c) => `${c} desc`)
        .join(', ')}) from moved) m
      join (select batch, min(place) as place from moved group by batch) b using (batch)
      group by b.place
    ) as batches`;
    expect(await count(shop.app, order)).toBeGreaterThan(5);
    expect(
      await count(
        shop.app,
        `(select newest, lag(oldest) over (order by place) as before from ${order}) as o where newest <> before + 1`,
      ),
    ).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('reads a batch by the index of the key', async () => {
    const shop = await open();
    await keyedUsers(
      shop.app,
      { columns: 'tenant integer, id uuid', key: 'tenant, id', value: 'i % 7, md5(i::text)::uuid' },
      9_000,
    );
    const run = await startSynced(shop, USERS, NEWEST);
    await planWalk(shop, run, 0, 1);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    const range = await claim(shop.database, { runId: run.id, rangeId }, crypto.randomUUID());
    const plan = run.plan.backfills[0];
    if (range === null || plan === undefined) throw new Error('not claimed');
    const { leaf, leafOid, access } = range;
    const sql = renderBatches({ runId: run.id, leaf, leafOid, backfill: plan, primaryKey: ['id'], access });
    const from = ['6', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
    for (const edge of [['6', 'f0000000-0000-0000-0000-000000000000'], null]) {
      const rows = await shop.database.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${sql.direct}`, [
        range.id,
        0,
        range.epoch,
        range.holder,
        1,
        from,
        edge,
      ]);
      const text = rows.map((row) => row['QUERY PLAN']).join('\n');
      if (edge !== null) expect(text).toMatch(/Index Cond: .*ROW\(t?\.?tenant/);
    }
  });
});

describe('a walk newest first', () => {
  const open = useWorkshop();
  const INT: Keyed = { columns: 'id integer', key: 'id', value: 'i' };

  it('is shared by workers, resumed where it stopped, and takes effect once when it is delivered twice', async () => {
    const shop = await open();
    await keyedUsers(shop.app, INT, 9_000);
    const run = await startSynced(shop, USERS, NEWEST, { concurrency: 3, targetMs: 10 });
    await planWalk(shop, run, 0, 1);
    const outcomes: string[] = [];
    for (
      let left = await openRanges(shop.database, run.id);
      left.length > 0;
      left = await openRanges(shop.database, run.id)
    ) {
      const jobs = left.slice(0, 3).flatMap((rangeId) => [rangeId, rangeId]);
      const walked = jobs.map((rangeId) => walkRange(shop.deps, { runId: run.id, rangeId }, NEVER, 25));
      outcomes.push(...(await Promise.all(walked)));
    }
    expect(outcomes).toContain('yielded');
    expect(outcomes).toContain('stale');
    expect(await rowsInLedger(shop.database, run.id)).toBe(9_000);
    expect(await count(shop.app, '(select from moved group by id having count(*) > 1) as twice')).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('puts a row aside that cannot be moved, and moves all others', async () => {
    const shop = await open();
    await keyedUsers(shop.app, INT, 5_000);
    const divide = `(1 / (case when full_name in ('Ann17 Lee', 'Ann2500 Lee', 'Ann2501 Lee') then 0 else 1 end))::text`;
    const run = await startSynced(
      shop,
      { ...USERS, requiredLater: [], groups: [{ forward: { first_name: divide } }] },
      NEWEST,
    );
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ rowsDone: 4_997, quarantined: 3 });
    expect(await count(shop.app, `users where _bellows_1 = 'q' and id in (17, 2500, 2501)`)).toBe(3);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('goes through the newest partition first, and through one without rows', async () => {
    const shop = await open();
    await shop.app.query(`create table parted (id bigint primary key, full_name text, first_name text, last_name text) partition by range (id);
      create table parted_1 partition of parted for values from (0) to (1000);
      create table parted_2 partition of parted for values from (1000) to (2000);
      create table parted_3 partition of parted for values from (2000) to (3000);
      insert into parted select i, 'A' || i || ' B' from generate_series(0, 1999) i`);
    const run = await startSynced(
      shop,
      { ...USERS, table: 'parted', requiredLater: [] },
      { ...NEWEST, partitioned: true },
    );
    await planWalk(shop, run, 0, 1);
    const ranges = await shop.database.query(
      'select leaf_table, kind from bellows.ranges where run_id = $1 order by id',
      [run.id],
    );
    expect(ranges).toEqual([
      { leaf_table: 'parted_3', kind: 'blocks' },
      { leaf_table: 'parted_2', kind: 'keys' },
      { leaf_table: 'parted_1', kind: 'keys' },
    ]);
    expect(await backfill(shop, run)).toMatchObject({ pass: 2, rowsDone: 2_000 });
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('serves a table that is not kept in a heap, in its sweeps too', async () => {
    const shop = await open();
    await shop.app.query('create access method other type table handler heap_tableam_handler');
    await shop.app.query('set default_table_access_method = other');
    await keyedUsers(shop.app, INT, 3_000);
    const run = await startSynced(shop, USERS);
    expect(await backfill(shop, run)).toMatchObject({ pass: 2, rowsDone: 3_000 });
    const kinds = await shop.database.query('select distinct kind from bellows.ranges where run_id = $1', [
      run.id,
    ]);
    expect(kinds).toEqual([{ kind: 'keys' }]);
  });

  it('needs no statistics', async () => {
    const shop = await open();
    await keyedUsers(shop.app, INT, 2_000);
    await shop.app.query(`delete from pg_statistic where starelid = 'users'::regclass`);
    const run = await startSynced(shop, USERS, NEWEST);
    await planWalk(shop, run, 0, 1);
    expect(await openRanges(shop.database, run.id)).toHaveLength(1);
    expect(await walkAll(shop, run)).toEqual(['done']);
    expect(await count(shop.app, 'moved')).toBe(2_000);
  });

  it('takes its bounds evenly from the histogram', () => {
    const histogram = Array.from({ length: 101 }, (_, i) => String(i));
    expect(spread(histogram, 5)).toEqual(['20', '40', '60', '80'].map((n) => String(Number(n) - 0)));
    expect(spread(histogram, 1)).toEqual([]);
    expect(spread([], 5)).toEqual([]);
    expect(spread(histogram, 1_000)).toHaveLength(100);
    expect(spread(['a', 'b'], 5)).toEqual(['b']);
  });
});
