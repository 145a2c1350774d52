/** A copy of few rows of a large table, found by an index that serves its `where`. */
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { planWalk } from '#phases/backfill/ranges';
import { backfill, count, ledgerProblems, useWorkshop, type Workshop, walkAll } from './backfill-workshop.js';
import { COPY, different, SOME, TABLES } from './copy-stage.js';
import { MAJORS } from './sync-trigger-fixture.js';
import { expanded, verify } from './verify-stage.js';

const INDEX = 'create index users_with_bio on users (id) where bio is not null; analyze users';

/** 20,000 users in over 1,024 blocks, with room in each; 200 of them have a bio. */
async function seedFew(app: pg.Client): Promise<void> {
  await app.query(
    `${TABLES}; alter table users set (fillfactor = 80); alter table users alter note set storage plain`,
  );
  await app.query(`insert into users
    select i, case when i % 100 = 0 then 'bio ' || i end, i % 90, repeat('x', 500)
    from generate_series(1, 20000) i`);
}

/** How the ranges of each pass were walked, and over how many blocks or rows. */
async function walked({ database }: Workshop): Promise<readonly unknown[]> {
  return database.query(
    `select pass, min(kind) as kind, count(distinct kind)::integer as kinds, sum(hi - lo) > 300 as many
     from bellows.ranges
     group by pass
     order by pass`,
  );
}

describe.each(MAJORS)('a copy of few rows of a large table on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it('goes to the rows by an index that serves its condition, and its sweep to those that have no copy', async () => {
    const shop = await open();
    await seedFew(shop.app);
    await shop.app.query(INDEX);
    const staged = await expanded(shop, SOME);
    expect(await backfill(shop, staged.run)).toMatchObject({ pass: 2, rowsDone: 200, rowsInPass: 0 });
    expect(await walked(shop)).toEqual([
      { pass: 1, kind: 'picked', kinds: 1, many: false },
      { pass: 2, kind: 'picked', kinds: 1, many: false },
    ]);
    expect(await count(shop.app, 'bellows.ranges where pass = 2 and lo < hi')).toBe(0);
    expect(await count(shop.app, different('bio is not null'))).toBe(0);
    expect(await ledgerProblems(shop.database, staged.run.id)).toEqual([]);
  });
});

describe('a copy of few rows of a large table', () => {
  const open = useWorkshop();

  it.each([
    ['no index serves its condition', SOME, 'analyze users', 200],
    ['every row is copied', COPY, INDEX, 20_000],
  ] as const)('goes through the blocks where %s', async (_, definition, prepare, rows) => {
    const shop = await open();
    await seedFew(shop.app);
    await shop.app.query(prepare);
    const { run } = await expanded(shop, definition);
    expect(await backfill(shop, run)).toMatchObject({ pass: 2, rowsDone: rows });
    expect(await walked(shop)).toMatchObject([{ kind: 'blocks' }, { kind: 'blocks' }]);
  });

  it('misses no row that is updated whenever it was picked', async () => {
    const shop = await open();
    await seedFew(shop.app);
    await shop.app.query(INDEX);
    const { run, ...staged } = await expanded(shop, SOME);
    // Nothing that is copied changes, and the row stays in its block: the trigger has nothing to do.
    const pass = async (n: number) => {
      await planWalk(shop, run, 0, n);
      const before = await count(shop.app, 'profiles where user_id = 700');
      await shop.app.query(`update users set note = note || 'z' where id = 700`);
      expect(await count(shop.app, 'profiles where user_id = 700')).toBe(before);
      await walkAll(shop, run);
    };
    await pass(1);
    await pass(2);
    expect(await count(shop.app, different('bio is not null'))).toBe(1);
    expect(await verify({ run, ...staged })).toMatchObject({ pending: 1 });
    await pass(3);
    expect(await walked(shop)).toEqual([
      { pass: 1, kind: 'picked', kinds: 1, many: false },
      { pass: 2, kind: 'picked', kinds: 1, many: false },
      { pass: 3, kind: 'blocks', kinds: 1, many: true },
    ]);
    expect(await count(shop.app, different('bio is not null'))).toBe(0);
    expect(await verify({ run, ...staged })).toMatchObject({ pending: 0, mismatched: 0 });
  });

  it('meets rows that came, went and changed since they were picked', async () => {
    const shop = await open();
    await seedFew(shop.app);
    await shop.app.query(INDEX);
    const staged = await expanded(shop, SOME);
    await planWalk(shop, staged.run, 0, 1);
    await shop.app.query(`update users set bio = 'later' where id in (100, 200);
      update users set bio = null where id = 300;
      update users set bio = 'now' where id = 401;
      update users set id = 30000 where id = 500;
      update users set note = repeat('y', 900) where id between 1000 and 1100;
      delete from users where id = 600;
      insert into users values (40000, 'new')`);
    await shop.app.query('vacuum users');
    await backfill(shop, staged.run);
    expect(await count(shop.app, different('bio is not null'))).toBe(0);
    expect(await count(shop.app, 'profiles')).toBe(200);
    expect(await ledgerProblems(shop.database, staged.run.id)).toEqual([]);
  });
});
