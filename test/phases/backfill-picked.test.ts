import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { splitPicked } from '#phases/backfill/picked-ranges';
import { planWalk } from '#phases/backfill/ranges';
import { vacuumAsItGoes } from '#phases/backfill/vacuum';
import {
  backfill,
  count,
  ledgerProblems,
  NEVER,
  setState,
  startPlain,
  useWorkshop,
  type Workshop,
  walkAll,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';

/** 20,000 rows in over 1,024 blocks, of which 200 lie about and are to be filled. */
async function itemsTable(app: pg.Client): Promise<void> {
  await app.query(`create table items (id integer primary key, price text, filler text);
    alter table items alter filler set storage plain;
    insert into items
    select i, case when i % 100 > 0 then 'x' end, repeat('y', 500)
    from generate_series(1, 20000) i`);
}

async function kindsOf(shop: Workshop, runId: number): Promise<readonly string[]> {
  const rows = await shop.database.query<{ kind: string }>(
    'select distinct kind from bellows.ranges where run_id = $1 and lo < hi order by kind',
    [runId],
  );
  return rows.map((row) => row.kind);
}

const INDEX = 'create index items_unpriced on items (id) where price is null; analyze items';

describe.each(MAJORS)('a fill of few rows of a large table on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it('goes to the rows by an index that serves it, and reads nothing else', async () => {
    const shop = await open();
    await itemsTable(shop.app);
    await shop.app.query(INDEX);
    const run = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
    expect(await backfill(shop, run)).toMatchObject({ pass: 2, rowsDone: 200, rowsInPass: 0 });
    expect(await kindsOf(shop, run.id)).toEqual(['picked']);
    expect(await count(shop.app, 'items where price is null')).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
    const [passed] = await shop.database.query(
      'select sum(hi - lo)::integer as n from bellows.batches where run_id = $1',
      [run.id],
    );
    expect(passed).toEqual({ n: 200 });
  });
});

describe('a fill of few rows of a large table', () => {
  const open = useWorkshop();

  it('walks the blocks where no index serves it, or where the index gives most of the table', async () => {
    const shop = await open();
    await itemsTable(shop.app);
    const bare = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
    await backfill(shop, bare);
    expect(await kindsOf(shop, bare.id)).toEqual(['blocks']);
    await setState(shop.database, bare.id, { kind: 'rolled_back', at: '' });

    await shop.app.query('create index on items (price); analyze items');
    const most = await startPlain(shop, 'items', { price: `'y'` }, `price = 'x'`);
    await planWalk(shop, most, 0, 1);
    expect(await kindsOf(shop, most.id)).toEqual(['blocks']);
  });

  it('meets rows that moved, that were filled and that came meanwhile', async () => {
    const shop = await open();
    await itemsTable(shop.app);
    await shop.app.query(INDEX);
    const run = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
    await planWalk(shop, run, 0, 1);
    await shop.app.query(`update items set filler = 'moved' where id in (100, 200);
      update items set price = 'mine' where id = 300;
      update items set price = null where id = 401;
      delete from items where id = 500`);
    await shop.app.query('vacuum items');
    const progress = await backfill(shop, run);
    expect(progress).toMatchObject({ pass: 3, rowsDone: 199, rowsInPass: 0 });
    expect(await count(shop.app, 'items where price is null')).toBe(0);
    expect(await count(shop.app, `items where price = 'mine'`)).toBe(1);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('is planned again when the table was rewritten, and leaves no row out', async () => {
    const shop = await open();
    await itemsTable(shop.app);
    await shop.app.query(INDEX);
    const run = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
    await planWalk(shop, run, 0, 1);
    await shop.app.query('delete from items where id <= 10000');
    await shop.app.query('vacuum full items');
    expect(await walkAll(shop, run)).toEqual(['stale']);
    expect(await backfill(shop, run)).toMatchObject({ rowsDone: 100 });
    expect(await count(shop.app, 'items where price is null')).toBe(0);
  });

  it('asks for no vacuum, as a walk through all blocks does', async () => {
    const shop = await open();
    await itemsTable(shop.app);
    const vacuumed = async () => {
      const run = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
      await planWalk(shop, run, 0, 1);
      await walkAll(shop, run);
      const horizon = async () => null;
      const { database, deps } = shop;
      const done = await vacuumAsItGoes(
        { database, emit: deps.emit, horizon, now: deps.clock.now },
        run,
        NEVER,
      );
      await setState(database, run.id, { kind: 'rolled_back', at: '' });
      return done;
    };
    expect(await vacuumed()).toBe(1);
    await shop.app.query('update items set price = null where id % 100 = 0');
    await shop.app.query(INDEX);
    expect(await vacuumed()).toBe(0);
    expect(await count(shop.app, 'items where price is null')).toBe(0);
  });

  it('leaves a condition that raises to the walk, which says so', async () => {
    const shop = await open();
    await itemsTable(shop.app);
    await shop.app.query(`${INDEX}; update items set filler = 'no number' where id = 700`);
    const where = `price is null and filler::integer > 0`;
    await shop.app.query(`update items set filler = '7' where id <> 700`);
    const run = await startPlain(shop, 'items', { price: `'none'` }, where);
    await expect(backfill(shop, run)).rejects.toThrow('22P02');
    expect(await kindsOf(shop, run.id)).toEqual(['blocks']);
  });

  it('keeps the order of the heap in ranges of bounded size', () => {
    const leaf = {
      oid: 1,
      table: { schema: 'a', name: 'b' },
      filenode: 1,
      blocks: 10,
      heap: true,
      rowsPerBlock: 1,
    };
    const tids = Array.from({ length: 10_000 }, (_, i) => `(${10_000 - i},${1 + (i % 7)})`);
    const ranges = splitPicked(leaf, tids);
    expect(ranges.map((r) => [r.lo, r.hi, r.tids?.length])).toEqual([
      [0, 4_096, 4_096],
      [4_096, 8_192, 4_096],
      [8_192, 10_000, 1_808],
    ]);
    expect(ranges[0]?.tids?.slice(0, 2)).toEqual(['(1,4)', '(2,3)']);
    expect(splitPicked(leaf, [])).toMatchObject([{ lo: 0, hi: 0 }]);
  });
});
