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
});
