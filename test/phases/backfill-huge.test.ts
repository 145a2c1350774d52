import { chownSync, closeSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { planWalk, replanLeaf } from '#phases/backfill/ranges';
import type { RunRow } from '#ports';
import {
  startPlain,
  startSynced,
  USERS,
  usersTable,
  useWorkshop,
  type Workshop,
} from './backfill-workshop.js';

const ROWS = 10_000_000_000;
const BLOCKS = 125_000_000;
const SEGMENT = 1024 ** 3;

/**
 * Makes a table as large as one of ten billion rows to whoever asks for its size: further segments that are holes of the
 * file system, and the planner's numbers. Reading it would take minutes.
 */
async function grow(app: pg.Client, table: string): Promise<void> {
  await app.query('checkpoint');
  const { rows } = await app.query<{ path: string }>(
    `select current_setting('data_directory') || '/' || pg_relation_filepath($1::regclass) as path`,
    [table],
  );
  const path = join(rows[0]?.path ?? '');
  const { uid, gid } = statSync(path);
  const segments = Math.ceil((BLOCKS * 8_192) / SEGMENT);
  for (let i = 0; i < segments; i += 1) {
    const name = i === 0 ? path : `${path}.${i}`;
    const file = openSync(name, i === 0 ? 'r+' : 'w');
    ftruncateSync(file, SEGMENT);
    closeSync(file);
    chownSync(name, uid, gid);
  }
  await app.query(`update pg_class set relpages = $2, reltuples = $3 where oid = $1::regclass`, [
    table,
    BLOCKS,
    ROWS,
  ]);
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function planned(shop: Workshop, run: RunRow) {
  const [row] = await shop.database.query<{ kind: string; ranges: number; rows: number }>(
    `select min(kind) as kind, count(*)::integer as ranges, sum(rows_expected) as rows
    from bellows.ranges
    where run_id = $1 and state <> 'void'`,
    [run.id],
  );
  return row;
}

const WAYS = [
  ['by blocks', {}, 'blocks', 512],
  ['by keys', { order: 'newest first' }, 'keys', 101],
] as const;

describe('a table of ten billion rows', () => {
  const open = useWorkshop();

  it.each(WAYS)(
    'is planned %s in less than 50 ms, and again when it was rewritten',
    async (_, over, kind, ranges) => {
      const shop = await open();
      await usersTable(shop.app, 20_000);
      await shop.app.query('analyze users');
      const run = await startSynced(shop, USERS, over);
      await grow(shop.app, 'users');
      const times = [await milliseconds(() => planWalk(shop, run, 0, 1))];
      const found = await planned(shop, run);
      expect(found?.kind).toBe(kind);
      expect(found?.ranges).toBeGreaterThan(ranges * 0.9);
      expect(found?.ranges).toBeLessThan(ranges * 1.1);
      expect(Number(found?.rows)).toBeCloseTo(ROWS, -8);
      const oid =
        (await shop.app.query<{ oid: number }>(`select 'users'::regclass::oid as oid`)).rows[0]?.oid ?? 0;
      for (let again = 0; again < 3 || (again < 30 && Math.min(...times) >= 50); again += 1) {
        await shop.database.query('update bellows.ranges set filenode = 1');
        times.push(await milliseconds(() => replanLeaf(shop, run, 0, 1, oid)));
      }
      // The quickest: other tests run on this machine. What reads the table takes minutes each time.
      expect(Math.min(...times)).toBeLessThan(50);
      expect(Math.max(...times)).toBeLessThan(2_000);
      expect((await planned(shop, run))?.ranges).toBe(found?.ranges);
    },
  );

  it('of which a `where` matches few is planned by what the planner knows, where no index serves', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000);
    await shop.app.query('analyze users');
    const run = await startPlain(
      shop,
      'users',
      { first_name: `'x'` },
      `full_name = 'Ann7 Lee7' and first_name is null`,
    );
    await grow(shop.app, 'users');
    expect(await milliseconds(() => planWalk(shop, run, 0, 1))).toBeLessThan(2_000);
    expect((await planned(shop, run))?.kind).toBe('blocks');
  });
});
