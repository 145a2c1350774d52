/** A copy under writers of every kind, walked by several workers at a time. In the end both tables say the same. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { planWalk } from '#phases/backfill/ranges';
import { walkRange } from '#phases/backfill/walk';
import { connect } from '../support/connections.js';
import {
  backfill,
  count,
  ledgerProblems,
  NEVER,
  openRanges,
  urlOf,
  useWorkshop,
  type Workshop,
} from './backfill-workshop.js';
import { COPY, caughtUp, copyOf, different, SOME, seed, TABLES } from './copy-stage.js';
import { MAJORS } from './sync-trigger-fixture.js';
import { expanded, verify } from './verify-stage.js';

const ROWS = 30_000;
const LEVELS = ['read committed', 'repeatable read', 'read committed', 'serializable'];
/** What a transaction above READ COMMITTED must reckon with, whoever it meets. */
const EXPECTED = new Set(['40001', '40P01', '23505']);

interface Writers {
  readonly written: () => number;
  stop(): Promise<void>;
}

/** Each on its own rows but for the keys that they move; one in eight transactions is rolled back. */
async function startWriters(shop: Workshop): Promise<Writers> {
  let going = true;
  let written = 0;
  const write = async (nth: number) => {
    const client = await connect(urlOf(shop));
    const random = (n: number) => Math.floor(Math.random() * n);
    for (let turn = 0; going; turn += 1) {
      const id = random(ROWS) + 1;
      const texts = [
        `update users set bio = 'w${nth} ${turn}' where id = ${id}`,
        `update users set bio = case when bio is null then 'back' end where id = ${id}`,
        `update users set note = note || repeat('y', ${random(200)}) where id between ${id} and ${id + 5}`,
        `delete from users where id = ${id}`,
        `insert into users values (${ROWS + 10 * turn + nth}, 'n', ${turn % 90})`,
        `update users set id = ${1_000_000 + 10 * turn + nth} where id = ${id}`,
        `insert into users values (${id}, 'again') on conflict (id) do update set age = users.age + 1`,
      ];
      try {
        await client.query(`begin isolation level ${LEVELS[nth]}`);
        for (let n = random(3); n >= 0; n -= 1) await client.query(texts[random(texts.length)] ?? '');
        await client.query(turn % 8 === 7 ? 'rollback' : 'commit');
        written += 1;
      } catch (error) {
        await client.query('rollback');
        if (!EXPECTED.has((error as { code?: string }).code ?? '')) throw error;
      }
    }
  };
  const all = Promise.all(LEVELS.map((_, nth) => write(nth)));
  return {
    written: () => written,
    stop: async () => {
      going = false;
      await all;
    },
  };
}

/** As many workers as there are, each with a holder of its own, over all ranges that are open. */
async function walkTogether(shop: Workshop, runId: number, workers: number): Promise<void> {
  const ranges = [...(await openRanges(shop.database, runId))];
  const work = async () => {
    const deps = { ...shop.deps, holder: randomUUID() };
    for (let rangeId = ranges.shift(); rangeId !== undefined; rangeId = ranges.shift()) {
      await walkRange(deps, { runId, rangeId }, NEVER);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}

describe.each(MAJORS)('writers and a copy on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  const COPIES = [
    ['every row', COPY, 'true'],
    ['rows of a condition', SOME, 'bio is not null'],
  ] as const;
  it.each(COPIES)(
    'end with two tables that say the same: %s',
    { timeout: 90_000 },
    async (_, definition, where) => {
      const shop = await open();
      await shop.app.query(TABLES);
      await seed(shop.app, ROWS);
      const staged = await expanded(shop, definition);
      await shop.database.query(
        `update bellows.runs set pace = pace || '{"concurrency": 3, "rowsPerSecond": 12000}'`,
      );
      const writers = await startWriters(shop);
      await planWalk(shop, staged.run, 0, 1);
      await walkTogether(shop, staged.run.id, 3);
      await writers.stop();
      expect(writers.written()).toBeGreaterThan(300);
      await backfill(shop, staged.run);
      await caughtUp(staged);
      const { rows } = await shop.app.query(`select s.key, p.user_id from ${different(where)} limit 5`);
      expect(rows).toEqual([]);
      expect(await verify(staged)).toMatchObject({ pending: 0, mismatched: 0 });
      expect(await ledgerProblems(shop.database, staged.run.id)).toEqual([]);
    },
  );

  it('no row slips past the walk by moving to another block', { timeout: 60_000 }, async () => {
    const shop = await open();
    await shop.app.query(`${TABLES}; alter table users set (fillfactor = 100)`);
    await seed(shop.app, ROWS);
    const staged = await expanded(shop, COPY);
    await shop.database.query(`update bellows.runs set pace = pace || '{"rowsPerSecond": 15000}'`);
    const mover = await connect(urlOf(shop));
    let going = true;
    const moving = (async () => {
      // Behind the walk, where vacuum makes room, and beyond its end.
      while (going) {
        const id = Math.floor(Math.random() * ROWS);
        await mover.query(`update users set note = note || repeat('z', 30) where id between $1 and $1 + 20`, [
          id,
        ]);
        if (id % 20 === 0) await mover.query('vacuum users');
      }
    })();
    await planWalk(shop, staged.run, 0, 1);
    await walkTogether(shop, staged.run.id, 1);
    going = false;
    await moving;
    const moved = await count(shop.app, `users where note like '%z%'`);
    expect(moved).toBeGreaterThan(1_000);
    const left = await shop.database.query<{ n: number }>(
      'select sum(left_behind)::integer as n from bellows.batches',
    );
    expect(await count(shop.app, `${different()}`)).toBeLessThanOrEqual(left[0]?.n ?? 0);
    expect(copyOf(staged).key).toHaveLength(1);
  });
});
