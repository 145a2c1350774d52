import { describe, expect, it } from 'vitest';
import { rangeBlocks, splitBlocks } from '#phases/backfill/block-ranges';
import { claim } from '#phases/backfill/claim';
import { readProgress } from '#phases/backfill/progress';
import { planWalk } from '#phases/backfill/ranges';
import { walkRange } from '#phases/backfill/walk';
import {
  backfill,
  count,
  ledgerProblems,
  NEVER,
  openRanges,
  reread,
  rowsInLedger,
  setState,
  startPlain,
  startSynced,
  USERS,
  usersTable,
  useWorkshop,
  WRONG_USERS,
  walkAll,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';

describe.each(MAJORS)('a walk on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it('moves every row once and ends by a clean sweep', async () => {
    const shop = await open();
    await usersTable(shop.app, 5_000);
    const run = await startSynced(shop, USERS);
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({
      pass: 2,
      openRanges: 0,
      rowsDone: 5_000,
      rowsInPass: 0,
      leftLocked: 0,
      quarantined: 0,
    });
    expect(await count(shop.app, WRONG_USERS)).toBe(0);
    expect(await count(shop.app, `users where _bellows_1 = 'd'`)).toBe(5_000);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('takes effect once when a job is delivered twice', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000);
    await shop.app.query(`create table seen (id bigint);
      create function note() returns trigger language plpgsql as $$ begin insert into seen values (new.id); return null; end $$;
      create trigger note after update on users for each row execute function note()`);
    const run = await startSynced(shop, USERS, {}, { concurrency: 4, targetMs: 10 });
    await planWalk(shop, run, 0, 1);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    const job = { runId: run.id, rangeId };
    const outcomes = await Promise.all([1, 2, 3].map(() => walkRange(shop.deps, job, NEVER)));
    expect([...outcomes].sort()).toEqual(['done', 'stale', 'stale']);
    await walkAll(shop, run);
    expect(await rowsInLedger(shop.database, run.id)).toBe(20_000);
    expect(await count(shop.app, '(select id from seen group by id having count(*) > 1) as twice')).toBe(0);
    expect(await count(shop.app, 'seen')).toBe(20_000);
  });

  it('serves a table without a key, a plain fill, a partitioned and an empty table', async () => {
    const shop = await open();
    await shop.app.query(`create table bare (full_name text, first_name text, last_name text);
      insert into bare select 'A' || i || ' B' from generate_series(1, 1000) i`);
    const bare = await startSynced(shop, { ...USERS, table: 'bare', requiredLater: [] });
    expect((await backfill(shop, bare)).rowsDone).toBe(1_000);
    expect(await count(shop.app, `bare where first_name is null`)).toBe(0);
    await setState(shop.database, bare.id, { kind: 'rolled_back', at: '' });

    await shop.app.query(`create table items (id integer primary key, price text);
      insert into items select i, case when i % 10 = 0 then null else 'x' end from generate_series(1, 5000) i`);
    const items = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
    expect((await backfill(shop, items)).rowsDone).toBe(500);
    expect(await count(shop.app, `items where price is null`)).toBe(0);
    await setState(shop.database, items.id, { kind: 'rolled_back', at: '' });

    await shop.app.query(`create table none (id integer primary key, v text)`);
    const none = await startPlain(shop, 'none', { v: `'x'` }, 'v is null');
    expect(await backfill(shop, none)).toMatchObject({ pass: 2, rowsDone: 0, blocksTotal: 0 });
  });

  it('walks each leaf of a partitioned table, one that is attached later in the sweep', async () => {
    const shop = await open();
    await shop.app.query(`create table parted (id bigint, full_name text, first_name text, last_name text, primary key (id)) partition by range (id);
      create table parted_1 partition of parted for values from (0) to (1000);
      create table "parted 2" partition of parted for values from (1000) to (2000);
      insert into parted select i, 'A' || i || ' B' from generate_series(0, 1999) i`);
    const run = await startSynced(shop, { ...USERS, table: 'parted', requiredLater: [] });
    await planWalk(shop, run, 0, 1);
    await shop.app.query(`create table parted_3 (like parted including defaults);
      insert into parted_3 select i, 'A' || i || ' B' from generate_series(2000, 2099) i;
      alter table parted attach partition parted_3 for values from (2000) to (3000)`);
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ pass: 3, rowsDone: 2_100 });
    expect(await count(shop.app, `parted where first_name is null or _bellows_1 <> 'd'`)).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('plans a leaf again when its file node changes in the middle of the walk', async () => {
    const shop = await open();
    await usersTable(shop.app, 60_000);
    await shop.app.query('delete from users where id <= 20000');
    const run = await startSynced(shop, USERS);
    await planWalk(shop, run, 0, 1);
    const [first = 0] = await openRanges(shop.database, run.id);
    await walkRange(shop.deps, { runId: run.id, rangeId: first }, NEVER);
    await shop.app.query('vacuum full users');
    const outcomes = await walkAll(shop, run);
    expect(new Set(outcomes)).toEqual(new Set(['stale']));
    expect((await readProgress(shop.database, run.id, 0)).voidRanges).toBe(outcomes.length + 1);
    expect((await walkAll(shop, run)).every((outcome) => outcome === 'done')).toBe(true);
    expect(await count(shop.app, `users where _bellows_1 = 'p'`)).toBe(0);
    expect(await count(shop.app, WRONG_USERS)).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
    expect(await rowsInLedger(shop.database, run.id)).toBe(40_000);
  });
});

describe('claims', () => {
  const open = useWorkshop();

  it('are limited by the concurrency, and taken over only when they are dead', async () => {
    const shop = await open();
    await usersTable(shop.app, 60_000);
    const run = await startSynced(shop, USERS, {}, { concurrency: 2 });
    await planWalk(shop, run, 0, 1);
    const ids = await openRanges(shop.database, run.id);
    const take = (i: number) =>
      claim(shop.database, { runId: run.id, rangeId: ids[i] ?? 0 }, crypto.randomUUID());
    const taken = await Promise.all([take(0), take(0), take(1), take(2)]);
    expect(taken.filter((range) => range !== null)).toHaveLength(2);
    await shop.database.query(`update bellows.ranges set beat_at = clock_timestamp() - interval '11 s'`);
    const again = await take(0);
    expect(again?.epoch).toBeGreaterThan(1);
    await shop.store.setPace(run.id, (pace) => ({ ...pace, concurrency: 1 }), 'test');
    expect(await take(2)).toBeNull();
  });

  it('fence out a walker that was taken for dead', async () => {
    const shop = await open();
    await usersTable(shop.app, 3_000);
    const run = await startSynced(shop, USERS, {}, { targetMs: 1 });
    await planWalk(shop, run, 0, 1);
    const [rangeId = 0] = await openRanges(shop.database, run.id);
    let stolen = false;
    const deps = {
      ...shop.deps,
      throttle: {
        ...shop.deps.throttle,
        check: async () => {
          if (!stolen)
            await shop.database.query(
              `update bellows.ranges set holder = gen_random_uuid(), epoch = epoch + 1 where id = $1`,
              [rangeId],
            );
          stolen = true;
          return [];
        },
      },
    };
    expect(await walkRange(deps, { runId: run.id, rangeId }, NEVER)).toBe('stale');
    expect(await rowsInLedger(shop.database, run.id)).toBe(0);
    expect(await count(shop.app, `users where _bellows_1 <> 'p'`)).toBe(0);
  });
});

describe('planning', () => {
  const open = useWorkshop();

  it('is done once for a pass, and bounds the number of ranges', async () => {
    const shop = await open();
    await usersTable(shop.app, 10_000);
    const run = await startSynced(shop, USERS);
    const planned = await Promise.all([1, 2, 3, 4].map(() => planWalk(shop, run, 0, 1)));
    expect(planned.filter(Boolean)).toHaveLength(1);
    expect((await readProgress(shop.database, run.id, 0)).blocksTotal).toBeGreaterThan(50);
    const leaf = {
      oid: 1,
      table: { schema: 'a', name: 'b' },
      filenode: 1,
      blocks: 10_000_000,
      heap: true,
      rowsPerBlock: null,
    };
    const split = (blocks: number) => splitBlocks({ ...leaf, blocks }, rangeBlocks(blocks));
    expect(split(10_000_000).length).toBeLessThanOrEqual(1_024);
    const count = (blocks: number) => split(blocks).length;
    expect([0, 256, 257, 4_097, 40_000, 400_000].map(count)).toEqual([1, 1, 2, 16, 16, 49]);
    expect(split(10_000_000).at(-1)?.hi).toBe(10_000_000);
  });

  it('does nothing for a run that is not backfilling any more', async () => {
    const shop = await open();
    await usersTable(shop.app, 100);
    const run = await startSynced(shop, USERS);
    await planWalk(shop, run, 0, 1);
    await setState(shop.database, run.id, { kind: 'settling' });
    expect(await walkAll(shop, await reread(shop.store, run.id))).toEqual(['stale']);
    expect(await rowsInLedger(shop.database, run.id)).toBe(0);
  });
});
