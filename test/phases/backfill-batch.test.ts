import { describe, expect, it } from 'vitest';
import { renderBatches } from '#phases/backfill/batch';
import { claim } from '#phases/backfill/claim';
import { batchLimits } from '#phases/backfill/limits';
import { planWalk } from '#phases/backfill/ranges';
import { type Request, send, type Walk } from '#phases/backfill/send';
import type { RunRow } from '#ports';
import {
  count,
  openRanges,
  rowsInLedger,
  SERVER,
  setState,
  startPlain,
  startSynced,
  USERS,
  usersTable,
  useWorkshop,
  type Workshop,
} from './backfill-workshop.js';
import { MAJORS } from './sync-trigger-fixture.js';

async function claimed(shop: Workshop, run: RunRow): Promise<Walk> {
  await planWalk(shop, run, 0, 1);
  const [rangeId = 0] = await openRanges(shop.database, run.id);
  const range = await claim(shop.database, { runId: run.id, rangeId }, crypto.randomUUID());
  const backfill = run.plan.backfills[0];
  if (range === null || backfill === undefined) throw new Error('not claimed');
  const { leaf, leafOid, access } = range;
  const sql = renderBatches({ runId: run.id, leaf, leafOid, backfill, primaryKey: ['id'], access });
  const limits = batchLimits(SERVER, backfill.triggers);
  const { database, deps } = shop;
  const { clock, emit } = deps;
  return { database, clock, emit, migration: run.migration, range, sql, limits, strided: false, lanes: 1 };
}

async function explain(shop: Workshop, text: string, values: readonly unknown[]): Promise<string> {
  const rows = await shop.database.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

describe.each(MAJORS)('the batch on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it.each([20, 30_000])(
    'reads its blocks by a TID range scan, without statistics too: %i rows',
    async (rows) => {
      const shop = await open();
      await usersTable(shop.app, rows);
      const run = await startSynced(shop, USERS);
      const { sql, range } = await claimed(shop, run);
      const fence = [range.id, 0, range.epoch, range.holder, 1];
      for (const text of [sql.direct, sql.careful]) {
        const plan = await explain(shop, text, [...fence, '(0,0)', '(1,0)']);
        expect(plan).toContain('Tid Range Scan on users');
        // Reading a single block by its number or as a whole table is the same.
        if (text === sql.direct || rows > 20) expect(plan).not.toContain('Seq Scan on users');
      }
      const single = await explain(shop, sql.rows, [...fence, ['(0,1)', '(0,2)']]);
      if (rows > 20) expect(single).not.toContain('Seq Scan on users');
    },
  );

  it('reads a plain fill by a TID range scan', async () => {
    const shop = await open();
    await shop.app.query(`create table items (id integer primary key, price text);
      insert into items select i, null from generate_series(1, 20) i`);
    const run = await startPlain(shop, 'items', { price: `'none'` }, 'price is null or id = 3');
    const { sql, range } = await claimed(shop, run);
    const plan = await explain(shop, sql.direct, [
      range.id,
      0,
      range.epoch,
      range.holder,
      1,
      '(0,0)',
      '(1,0)',
    ]);
    expect(plan).toContain('Tid Range Scan on items');
  });
});

describe('the fence', () => {
  const open = useWorkshop();
  const batch = (hi: number): Request => ({
    kind: 'span',
    span: { lo: 0, hi },
    careful: false,
    stay: false,
  });

  it('lets one of two identical batches through', async () => {
    const shop = await open();
    await usersTable(shop.app, 2_000);
    const walk = await claimed(shop, await startSynced(shop, USERS));
    const sent = await Promise.all([1, 2, 3].map(() => send(walk, batch(2))));
    const moved = sent.filter((one) => one.kind === 'moved');
    expect(moved).toHaveLength(1);
    expect(await rowsInLedger(shop.database, walk.range.runId)).toBe(
      moved[0]?.kind === 'moved' ? moved[0].rows : -1,
    );
    expect(await count(shop.app, `users where _bellows_1 = 'd'`)).toBe(
      await rowsInLedger(shop.database, walk.range.runId),
    );
  });

  it.each([
    ['another epoch', (w: Walk) => ({ ...w, range: { ...w.range, epoch: w.range.epoch - 1 } })],
    ['another holder', (w: Walk) => ({ ...w, range: { ...w.range, holder: crypto.randomUUID() } })],
  ])('refuses %s', async (_, other) => {
    const shop = await open();
    await usersTable(shop.app, 500);
    const walk = other(await claimed(shop, await startSynced(shop, USERS)));
    expect(await send(walk, batch(2))).toEqual({ kind: 'fenced' });
    expect(await count(shop.app, `users where _bellows_1 = 'd'`)).toBe(0);
  });

  it('refuses a run that was paused, and a table that was rewritten', async () => {
    const shop = await open();
    await usersTable(shop.app, 500);
    const run = await startSynced(shop, USERS);
    const walk = await claimed(shop, run);
    await setState(shop.database, run.id, {
      kind: 'paused',
      inner: run.state,
      by: 'x',
      reason: 'y',
      since: '',
    });
    expect(await send(walk, batch(2))).toEqual({ kind: 'fenced' });
    await setState(shop.database, run.id, { ...run.state });
    await shop.app.query('vacuum full users');
    expect(await send(walk, batch(2))).toEqual({ kind: 'fenced' });
    expect(await rowsInLedger(shop.database, run.id)).toBe(0);
  });
});
