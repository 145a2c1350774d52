/** How many rows of a transform are read, handed to user code and written at a time. */
import { describe, expect, it } from 'vitest';
import { planWalk } from '#phases/backfill/ranges';
import { count, ledgerProblems, useWorkshop, walkAll } from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';
import { loud, type Source, start, WRONG } from './transform-fixture.js';

/** Notes how many rows each call gets. */
function counting() {
  const calls: number[] = [];
  const transform = (rows: readonly Source[]) => {
    calls.push(rows.length);
    return loud(rows);
  };
  return { calls, transforms: async () => transform };
}

describe.each(MAJORS)('a transform in strides, on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it('reads a stride to its end where it holds more than is read at a time', async () => {
    const { calls, transforms } = counting();
    const shop = await open({ transforms });
    // Out of line: many rows to a block, and much to read.
    const run = await start(shop, 10_500, `repeat('x', 8000)`);
    await planWalk(shop, run, 0, 1);
    expect(new Set(await walkAll(shop, run))).toEqual(new Set(['done']));
    const most = Math.max(...calls);
    expect(calls.filter((rows) => rows === most).length).toBeGreaterThan(1);
    // The rest of a stride comes next, not after all others.
    expect(calls.filter((rows, i) => rows === most && calls[i + 1] === most)).toEqual([]);
    expect(calls.reduce((all, n) => all + n, 0)).toBe(10_500);
    expect(await count(shop.app, WRONG)).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });

  it('writes more rows at a time than user code gets', async () => {
    const { calls, transforms } = counting();
    const shop = await open({ transforms });
    const run = await start(shop, 80_000, `'x'`);
    await planWalk(shop, run, 0, 1);
    await walkAll(shop, run);
    const { rows } = await shop.app.query('select max(rows)::integer as most from bellows.batches');
    expect(rows[0].most).toBeGreaterThan(2_000);
    expect(Math.max(...calls)).toBe(2_000);
    expect(await count(shop.app, WRONG)).toBe(0);
  });

  it('finds the room of the stride before, although rows are read ahead', async () => {
    const shop = await open({
      transforms: async () => (rows: readonly Source[]) => rows.map(() => ({ kind: 'x' })),
    });
    // Ranges of three lanes, each of them of the least size.
    const run = await start(shop, 110_000, `repeat('x', 850)`);
    const sizes = `select pg_relation_size('events')::float8 as heap, pg_relation_size('events_pkey')::float8 as index`;
    const [before] = (await shop.app.query(sizes)).rows;
    await planWalk(shop, run, 0, 1);
    await walkAll(shop, run);
    const [after] = (await shop.app.query(sizes)).rows;
    // In lanes 1.27 and 1.37; without them 1.37 and 1.94: a stride is read before the one before it is committed.
    expect(after.heap / before.heap).toBeLessThan(1.32);
    expect(after.index / before.index).toBeLessThan(1.6);
    expect(await count(shop.app, `events where kind is distinct from 'x'`)).toBe(0);
    expect(await ledgerProblems(shop.database, run.id)).toEqual([]);
  });
});
