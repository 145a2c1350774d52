import { describe, expect, it } from 'vitest';
import { STRIDES, strideText } from '#phases/backfill/strides';
import type { Database } from '#ports';
import { backfill, count, setState, startPlain, useWorkshop } from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';

/**
 * So that the size of a batch has settled after a few thousand rows: only then are spans walked in strides. Not smaller: a batch that takes
 * twice as long, on a busy machine, ends the strides of its span.
 */
const SMALL = { targetMs: 30 };

/** Batches that left the cursor where it was: all strides of a span but the last. */
async function staying(database: Database, runId: number): Promise<number> {
  const rows = await database.query<{ n: number }>(
    'select count(*)::integer as n from bellows.batches where run_id = $1 and hi = lo',
    [runId],
  );
  return rows[0]?.n ?? 0;
}

/** The rows of a stride, the most that it takes of a block, and the most that a block holds. */
const BY_BLOCK = `
select sum(taken)::integer as taken, max(taken)::integer as most, max(held)::integer as held
from (
  select count(*) filter (where ${strideText(1)}) as taken, count(*) as held
  from items as t
  group by (ctid::text::point)[0]
) as blocks`;

describe.each(MAJORS)('strides on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it.each([1, 100, 300, 1500])('take as many rows of each block, where one has %s bytes', async (bytes) => {
    const shop = await open();
    await shop.app.query('create table items (name text)');
    await shop.app.query('alter table items alter name set storage plain');
    await shop.app.query(`insert into items select repeat('x', $1) from generate_series(1, 5000)`, [bytes]);
    let taken = 0;
    for (let stride = 0; stride < STRIDES; stride += 1) {
      const { rows } = await shop.app.query(BY_BLOCK, [stride]);
      taken += rows[0].taken;
      expect(rows[0].most, `stride ${stride}`).toBeLessThanOrEqual(Math.ceil((2 * rows[0].held) / 19) + 1);
    }
    expect(taken).toBe(5000);
  });

  it.each([
    ['a key column', 'create index on items (price)'],
    ['an included column', 'create index on items (id) include (price)'],
    ['an expression', 'create index on items (lower(price))'],
    ['a condition', 'create index on items (id) where price is null'],
  ])('are left out where an index has a written column: %s', async (_, index) => {
    const shop = await open();
    await shop.app.query(`create table items (id integer primary key, price text);
      insert into items select i, null from generate_series(1, 60000) i`);
    const striding = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
    await shop.database.query('update bellows.runs set pace = pace || $1', [JSON.stringify(SMALL)]);
    await backfill(shop, striding);
    expect(await staying(shop.database, striding.id)).toBeGreaterThan(0);
    await shop.app.query(`update items set price = null; ${index}`);
    await setState(shop.database, striding.id, { kind: 'rolled_back', at: '' });
    const plain = await startPlain(shop, 'items', { price: `'none'` }, 'price is null');
    await backfill(shop, plain);
    expect(await staying(shop.database, plain.id)).toBe(0);
    expect(await count(shop.app, 'items where price is null')).toBe(0);
  });
});
