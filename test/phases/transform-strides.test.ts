/** How many rows of a transform are read, handed to user code and written at a time. */
import { describe, expect, it } from 'vitest';
import type { ClaimedRange } from '#phases/backfill/claim';
import { planWalk } from '#phases/backfill/ranges';
import { lastBatchBlocks } from '#phases/backfill/start-facts';
import { count, ledgerProblems, useWorkshop, type Workshop, walkAll } from './backfill-workshop.js';
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

/** Of a statement that takes all rows, from a ledger with one span of 2,700 blocks in so many turns. */
async function sizeTold({ app, database }: Workshop, runId: number, turns: number, lanes: number) {
  await app.query('truncate bellows.batches');
  await app.query(
    `insert into bellows.batches (run_id, range_id, lo, hi, rows, milliseconds)
     select $1, (select min(id) from bellows.ranges), 0, case when i = $2 then 2700 else 0 end, 1, 1
     from generate_series(1, $2::integer) i`,
    [runId, turns],
  );
  return lastBatchBlocks(database, { runId, backfill: 0, pass: 1 } as ClaimedRange, lanes);
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
    // No strides: they would share the rows of a range among them.
    await shop.app.query('create index on events (kind)');
    await planWalk(shop, run, 0, 1);
    await walkAll(shop, run);
    const { rows } = await shop.app.query('select max(rows)::integer as most from bellows.batches');
    expect(rows[0].most).toBeGreaterThan(2_000);
    expect(Math.max(...calls)).toBe(2_000);
    expect(await count(shop.app, WRONG)).toBe(0);
  });

  it.runIf(major === MAJORS.at(-1))(
    'sends no batch without rows, and few of them, where a block has many rows and was never analysed',
    async () => {
      const shop = await open({
        transforms: async () => (rows: readonly Source[]) => rows.map(() => ({ kind: 'x' })),
      });
      const run = await start(shop, 300_000, `'x'`);
      await planWalk(shop, run, 0, 1);
      await walkAll(shop, run);
      const ledger = `select count(*)::integer as batches, count(*) filter (where rows = 0)::integer as empty from bellows.batches`;
      const [{ batches, empty }] = (await shop.app.query(ledger)).rows;
      expect(empty).toBe(0);
      expect(batches).toBeLessThan(300);
      expect(await count(shop.app, `events where kind is distinct from 'x'`)).toBe(0);
    },
  );

  it.each([
    [1, 3, 2_700],
    [10, 3, 300],
    [30, 3, 100],
    // Written in parts, or begun again after a kill: it looks like more lanes than there are.
    [43, 3, 100],
    [14, 1, 300],
  ])(
    'learns from the ledger how large a batch was: %i turns, %i lanes at most',
    async (turns, lanes, blocks) => {
      const shop = await open();
      const run = await start(shop, 1);
      await planWalk(shop, run, 0, 1);
      expect(await sizeTold(shop, run.id, turns, lanes)).toBe(blocks);
    },
  );
});
