import { describe, expect, it } from 'vitest';
import { sql } from '#core/sql';
import { systemClock } from '#phases/backfill/clock';
import { addColumn } from '#phases/expand/add-column';
import { backfill, NEVER, usersTable, useWorkshop, type Workshop } from './backfill-workshop.js';
import { behindTheTrigger, expanded, gated, markerOf, verify } from './verify-stage.js';

const open = useWorkshop();

const NAMES = {
  description: 'split names',
  table: 'users',
  expand: [addColumn('given', 'varchar(100)'), addColumn('family', 'text')],
  backfill: {
    set: {
      given: sql`split_part(full_name, ' ', 1)`,
      family: sql`substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`,
    },
    reverse: { full_name: sql`concat_ws(' ', given, nullif(family, ''))` },
  },
} as const;

/** One column `old` of a type, copied into `new` by an expression. */
async function copied(
  shop: Workshop,
  type: string,
  values: readonly (string | null)[],
  expression = sql`old`,
) {
  await shop.app.query(`create table t (id bigint generated always as identity primary key, old ${type})`);
  for (const value of values) await shop.app.query('insert into t (old) values ($1)', [value]);
  return {
    description: 'copy',
    table: 't',
    expand: [addColumn('new', type)],
    backfill: { set: { new: expression }, reverse: 'none' },
  } as const;
}

const found = (result: Awaited<ReturnType<typeof verify>>) => ({
  rows: result.rows,
  mismatched: result.mismatched,
  both: result.bothDisagree,
  pending: result.pending,
  aside: result.aside,
});
const clean = (rows: number) => ({ rows, mismatched: 0, both: 0, pending: 0, aside: 0 });

describe('verifyRun', () => {
  it('counts every row once, and finds one wrong value among many', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000);
    const staged = await gated(shop, NAMES);
    expect(found(await verify(staged, { parallel: 3 }))).toEqual(clean(20_000));
    await behindTheTrigger(staged, `update users set family = 'x' where id = 17001`);
    expect(found(await verify(staged))).toEqual({ ...clean(20_000), mismatched: 1 });
  });

  it('records what it found, with checksum and fingerprint', async () => {
    const shop = await open();
    await usersTable(shop.app, 50);
    const staged = await gated(shop, NAMES);
    await behindTheTrigger(staged, `update users set given = 'x' where id = 7`);
    const result = await verify(staged);
    const rows = await shop.database.query('select * from bellows.verifications order by id desc limit 1');
    expect(rows[0]).toMatchObject({
      id: result.id,
      run_id: staged.run.id,
      checksum: staged.run.checksum,
      fingerprint: await staged.catalogue.fingerprint(staged.run.plan.tables),
      rows: 50,
      mismatched: 1,
      both_disagree: 0,
      pending: 0,
      coverage_only: false,
    });
    expect(rows[0]?.finished_at).not.toBeNull();
  });

  it('tells NULL from an empty string', async () => {
    const shop = await open();
    const staged = await gated(shop, await copied(shop, 'text', ['', null, 'a']));
    expect(found(await verify(staged))).toEqual(clean(3));
    await behindTheTrigger(staged, `update t set new = null where old = ''`);
    expect(found(await verify(staged))).toEqual({ ...clean(3), mismatched: 1 });
    await behindTheTrigger(staged, `update t set new = '' where old is null`);
    expect(found(await verify(staged))).toEqual({ ...clean(3), mismatched: 2 });
  });

  it.each([
    ['citext', 'ann', 'ANN'],
    ['numeric', '1.0', '1.00'],
    ['numeric(10,2)', '1.5', '1.51'],
    ['json', '{"a":1}', '{"a": 1}'],
    ['char(5)', 'ab', 'abc'],
    ['double precision', '0', '-0'],
  ])('compares the images of %s', async (type, stored, other) => {
    const shop = await open();
    await shop.app.query('create extension citext');
    const staged = await gated(shop, await copied(shop, type, [stored, stored]));
    expect(found(await verify(staged))).toEqual(clean(2));
    await behindTheTrigger(staged, `update t set new = '${other}' where id = 1`);
    expect(found(await verify(staged))).toEqual({ ...clean(2), mismatched: 1 });
  });

  it('brings a computed value to the type of its column before it compares', async () => {
    const shop = await open();
    await shop.app.query(`create table t (id int primary key, old numeric)`);
    await shop.app.query('insert into t values (1, 10), (2, 0.5)');
    const definition = {
      description: 'scale',
      table: 't',
      expand: [addColumn('new', 'numeric(12,3)')],
      backfill: { set: { new: sql`old * 2` }, reverse: 'none' },
    } as const;
    expect(found(await verify(await gated(shop, definition)))).toEqual(clean(2));
  });

  it('leaves rows that were given on both sides to the application, and counts those that disagree', async () => {
    const shop = await open();
    await usersTable(shop.app, 10);
    const staged = await gated(shop, NAMES);
    await shop.app.query(`insert into users (full_name, given, family) values ('Ann Lee', 'Ann', 'Lee')`);
    await shop.app.query(`insert into users (full_name, given, family) values ('Ann Lee', 'Bob', 'Ray')`);
    expect(found(await verify(staged))).toEqual({ ...clean(12), both: 1 });
  });

  it('accepts what only the new side can say, by the reverse', async () => {
    const shop = await open();
    await usersTable(shop.app, 10);
    const staged = await gated(shop, NAMES);
    await shop.app.query(`update users set given = 'Anna Maria', family = 'Lee' where id = 3`);
    expect(found(await verify(staged))).toEqual(clean(10));
    await behindTheTrigger(staged, `update users set full_name = 'Other' where id = 3`);
    expect(found(await verify(staged))).toEqual({ ...clean(10), mismatched: 1 });
  });

  it('counts new-side rows as given on both where there is no reverse', async () => {
    const shop = await open();
    const staged = await gated(shop, await copied(shop, 'text', ['a', 'b']));
    await shop.app.query(`update t set new = 'z' where old = 'a'`);
    const { rows } = await shop.app.query(`select ${markerOf(staged)} as m from t where old = 'a'`);
    expect(rows[0].m).toBe('r');
    expect(found(await verify(staged))).toEqual({ ...clean(2), both: 1 });
  });

  it('counts pending rows, and judges them no further', async () => {
    const shop = await open();
    await usersTable(shop.app, 30);
    const staged = await expanded(shop, NAMES);
    expect(found(await verify(staged))).toEqual({ ...clean(30), pending: 30 });
  });

  it('judges each group of mappings by itself', async () => {
    const shop = await open();
    await shop.app.query('create table t (id int primary key, a text, b text)');
    await shop.app.query(`insert into t select i, 'a' || i, 'b' || i from generate_series(1, 20) i`);
    const staged = await gated(shop, {
      description: 'two',
      table: 't',
      expand: [addColumn('x', 'text'), addColumn('y', 'text')],
      backfill: { set: { x: sql`upper(a)`, y: sql`upper(b)` }, reverse: { a: sql`lower(x)` } },
    });
    await shop.app.query(`update t set x = 'Xx' where id = 1`);
    expect(found(await verify(staged))).toEqual(clean(20));
    // The marker `r` stems from the group with a reverse; the other one has none, and disagrees.
    await shop.app.query(`update t set y = 'Yy' where id = 1`);
    expect(found(await verify(staged))).toEqual({ ...clean(20), both: 1 });
    await behindTheTrigger(
      staged,
      `update t set a = 'other' where id = 1`,
      `update t set y = 'w' where id = 2`,
    );
    expect(found(await verify(staged))).toEqual({ ...clean(20), mismatched: 2 });
  });

  it('counts a row whose mapping raises as wrong, and goes on with the others', async () => {
    const shop = await open();
    const definition = {
      ...(await copied(shop, 'text', ['1', '2', '3'])),
      expand: [addColumn('new', 'integer')],
      backfill: { set: { new: sql`old::integer` }, reverse: 'none' },
    } as const;
    await shop.app.query(`insert into t (old) select i::text from generate_series(4, 5000) i`);
    const staged = await gated(shop, definition);
    await behindTheTrigger(
      staged,
      `update t set old = 'none' where id in (2, 4000)`,
      `update t set new = 0 where id = 9`,
    );
    expect(found(await verify(staged))).toEqual({ ...clean(5_000), mismatched: 3 });
  });

  it('does not evaluate the mapping of a refused row', async () => {
    const shop = await open();
    const definition = {
      ...(await copied(shop, 'text', ['1', 'none', '3'])),
      expand: [addColumn('new', 'integer')],
      backfill: { set: { new: sql`old::integer` }, reverse: 'none' },
    } as const;
    const staged = await gated(shop, definition);
    expect(found(await verify(staged))).toEqual({ ...clean(3), aside: 1 });
  });

  it('leaves to the application a row given on both sides whose mapping raises', async () => {
    const shop = await open();
    const definition = {
      ...(await copied(shop, 'text', ['1'])),
      expand: [addColumn('new', 'integer')],
      backfill: { set: { new: sql`old::integer` }, reverse: 'none' },
    } as const;
    const staged = await gated(shop, definition);
    await shop.app.query(`insert into t (old, new) values ('none', 3)`);
    expect(found(await verify(staged))).toEqual({ ...clean(2), both: 1 });
  });

  it('counts pending rows of a plain fill by its own condition, without those put aside', async () => {
    const shop = await open();
    await shop.app.query('create table t (id int primary key, n integer, d integer)');
    await shop.app.query(
      'insert into t select i, null, case when i = 7 then 0 else 1 end from generate_series(1, 100) i',
    );
    const staged = await expanded(shop, {
      description: 'fill',
      table: 't',
      backfill: { set: { n: sql`id / d` }, where: sql`n is null` },
    });
    expect(found(await verify(staged))).toEqual({ ...clean(100), pending: 100 });
    await backfill(shop, staged.run);
    expect(found(await verify(staged))).toEqual({ ...clean(100), aside: 1 });
    await shop.app.query('insert into t values (101, null, 1)');
    expect(found(await verify(staged))).toEqual({ ...clean(101), aside: 1, pending: 1 });
  });

  it('reads all leaves of a partitioned table, also one that was attached late', async () => {
    const shop = await open();
    await shop.app.query(
      `create table t (id int, region text, old text, primary key (id, region)) partition by list (region)`,
    );
    await shop.app.query(`create table t_a partition of t for values in ('a')`);
    await shop.app.query(`create table t_b partition of t for values in ('b') partition by hash (id)`);
    await shop.app.query('create table t_b0 partition of t_b for values with (modulus 2, remainder 0)');
    await shop.app.query('create table t_b1 partition of t_b for values with (modulus 2, remainder 1)');
    await shop.app.query(
      `insert into t select i, case when i % 2 = 0 then 'a' else 'b' end, 'v' || i from generate_series(1, 900) i`,
    );
    const staged = await gated(shop, {
      description: 'copy',
      table: 't',
      expand: [addColumn('new', 'text')],
      backfill: { set: { new: sql`old` }, reverse: { old: sql`new` } },
    });
    expect(found(await verify(staged))).toEqual(clean(900));
    await behindTheTrigger(staged, `update t set new = 'x' where id = 3`);
    await shop.app.query('create table t_c (like t including defaults)');
    await shop.app.query(`insert into t_c (id, region, old) values (5000, 'c', 'late')`);
    await shop.app.query(`alter table t attach partition t_c for values in ('c')`);
    expect(found(await verify(staged))).toEqual({ ...clean(901), mismatched: 1, pending: 1 });
  });

  it('looks at coverage only where a mapping cannot be computed again', async () => {
    const shop = await open();
    await shop.app.query('create table lookup (k text primary key, v text)');
    await shop.app.query(`insert into lookup values ('a', 'x'), ('b', 'y')`);
    const staged = await gated(
      shop,
      await copied(shop, 'text', ['a', 'b'], sql`(select v from lookup where k = t.old)`),
    );
    await shop.app.query(`update lookup set v = 'changed'`);
    const result = await verify(staged);
    expect(found(result)).toEqual(clean(2));
    expect(result.coverageOnly).toBe(true);
  });

  it('fails under row security instead of seeing nothing', async () => {
    const shop = await open();
    await usersTable(shop.app, 5);
    const staged = await gated(shop, NAMES);
    await shop.app.query('create role blinded');
    await shop.app.query('alter table users enable row level security');
    await shop.app.query(
      'grant usage on schema bellows to blinded; grant all on all tables in schema bellows, public to blinded',
    );
    const blinded = {
      ...shop.database,
      query: shop.database.query.bind(shop.database),
      transaction: ((limits, work) =>
        shop.database.transaction(limits, async (tx) => {
          await tx.query('set local role blinded');
          return work(tx);
        })) as typeof shop.database.transaction,
    };
    await expect(verify({ ...staged, shop: { ...shop, database: blinded } })).rejects.toMatchObject({
      code: '42501',
    });
    await shop.app.query('drop owned by blinded; drop role blinded');
  });

  it('starts over where the table is rewritten meanwhile', async () => {
    const shop = await open();
    await usersTable(shop.app, 20_000, `, filler text default repeat('x', 1000)`);
    const staged = await gated(shop, NAMES);
    // Rows of the second chunk then move into blocks of the first, which has been read.
    await shop.app.query('delete from users where id <= 10000');
    let rewritten = false;
    const rewriting = {
      ...shop.database,
      query: shop.database.query.bind(shop.database),
      transaction: (async (limits, work) => {
        const result = await shop.database.transaction(limits, work);
        if (!rewritten && limits.readOnly === true) await shop.app.query('vacuum full users');
        if (limits.readOnly === true) rewritten = true;
        return result;
      }) as typeof shop.database.transaction,
    };
    const result = await verify({ ...staged, shop: { ...shop, database: rewriting } }, { parallel: 1 });
    expect(rewritten).toBe(true);
    expect(found(result)).toEqual(clean(10_000));
  });

  it('waits for a table that somebody holds, however long', { timeout: 30_000 }, async () => {
    const shop = await open();
    await usersTable(shop.app, 500);
    const staged = await gated(shop, NAMES);
    let held = false;
    const database = {
      ...shop.database,
      query: shop.database.query.bind(shop.database),
      transaction: (async (limits, work) => {
        if (limits.readOnly === true && !held) {
          held = true;
          await shop.app.query('begin; lock table users in access exclusive mode');
          // Longer than what is tried again a number of times would take.
          void systemClock.sleep(9_000, NEVER).then(() => shop.app.query('commit'));
        }
        return shop.database.transaction(limits, work);
      }) as typeof shop.database.transaction,
    };
    const result = await verify({ ...staged, shop: { ...shop, database } }, { parallel: 1 });
    expect(found(result)).toEqual(clean(500));
    expect(result.seconds).toBeGreaterThan(8);
  });

  it('counts right while the application writes', async () => {
    const shop = await open();
    await usersTable(shop.app, 30_000);
    const staged = await gated(shop, NAMES);
    const stop = new AbortController();
    const writers = [1, 2].map(async (n) => {
      for (let i = n; !stop.signal.aborted; i += 2) {
        await shop.database.query('update users set full_name = $2 where id = $1', [
          ((i * 37) % 30_000) + 1,
          `New${i} Name${i}`,
        ]);
        await shop.database.query('update users set family = $2 where id = $1', [
          ((i * 91) % 30_000) + 1,
          `Fam${i}`,
        ]);
        await shop.database.query('insert into users (given, family) values ($1, $2)', [
          `Ins${i}`,
          `Ert${i}`,
        ]);
      }
    });
    const results = [];
    for (let i = 0; i < 5; i += 1) results.push(found(await verify(staged)));
    stop.abort();
    await Promise.all(writers);
    for (const result of results)
      expect(result).toMatchObject({ mismatched: 0, both: 0, pending: 0, aside: 0 });
    const total = await shop.database.query<{ n: number }>('select count(*) as n from users');
    expect(found(await verify(staged)).rows).toBe(total[0]?.n);
  });

  it('is aborted between chunks, and then leaves its record unfinished', async () => {
    const shop = await open();
    await usersTable(shop.app, 10);
    const staged = await gated(shop, NAMES);
    const reason = new Error('enough');
    await expect(verify(staged, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const rows = await shop.database.query(
      'select finished_at from bellows.verifications order by id desc limit 1',
    );
    expect(rows[0]?.finished_at).toBeNull();
  });

  it('is not broken by an observer', async () => {
    const shop = await open();
    await usersTable(shop.app, 10);
    const staged = await gated(shop, NAMES);
    const told: (readonly [number, number])[] = [];
    const onProgress = (done: number, total: number) => {
      told.push([done, total]);
      throw new Error('observer');
    };
    expect(found(await verify(staged, { onProgress }))).toEqual(clean(10));
    expect(told.at(-1)?.[0]).toBe(told.at(-1)?.[1]);
  });
});

describe('repair', () => {
  it('returns rows written on the old side to pending, recomputes old for those written on the new', async () => {
    const shop = await open();
    await usersTable(shop.app, 500);
    const staged = await gated(shop, NAMES);
    await shop.app.query(`update users set given = 'Eve', family = 'Day' where id = 5`);
    await behindTheTrigger(
      staged,
      `update users set family = 'wrong' where id between 11 and 14`,
      `update users set full_name = 'wrong' where id = 5`,
    );
    const result = await verify(staged, { repair: true });
    expect(result).toMatchObject({
      rows: 500,
      mismatched: 0,
      pending: 4,
      recomputed: 1,
      returned: 4,
      left: 0,
    });
    const { rows } = await shop.app.query('select full_name, given, family from users where id = 5');
    expect(rows[0]).toEqual({ full_name: 'Eve Day', given: 'Eve', family: 'Day' });
    await backfill(shop, staged.run);
  });

  it('keeps the new side of a row whose mapping would not give it back', async () => {
    const shop = await open();
    await usersTable(shop.app, 5);
    const staged = await gated(shop, NAMES);
    await shop.app.query(`update users set given = 'Anna Maria', family = 'Lee' where id = 2`);
    await behindTheTrigger(staged, `update users set full_name = 'wrong' where id = 2`);
    const result = await verify(staged, { repair: true });
    expect(result).toMatchObject({ mismatched: 1, recomputed: 0, returned: 0, left: 1 });
    const { rows } = await shop.app.query('select given, family from users where id = 2');
    expect(rows[0]).toEqual({ given: 'Anna Maria', family: 'Lee' });
  });

  it('only reports rows given on both sides', async () => {
    const shop = await open();
    await usersTable(shop.app, 5);
    const staged = await gated(shop, NAMES);
    await shop.app.query(`insert into users (full_name, given, family) values ('Ann Lee', 'Bob', 'Ray')`);
    const before = await shop.app.query('select xmin, * from users order by id');
    expect(await verify(staged, { repair: true })).toMatchObject({
      bothDisagree: 1,
      recomputed: 0,
      returned: 0,
      left: 0,
    });
    expect((await shop.app.query('select xmin, * from users order by id')).rows).toEqual(before.rows);
  });
});

describe('on PostgreSQL 14', () => {
  const openOld = useWorkshop({ major: 14 });

  it('counts, row by row where a mapping raises, over all leaves', async () => {
    const shop = await openOld();
    await shop.app.query(`create table t (id int primary key, old text) partition by range (id)`);
    await shop.app.query('create table t_a partition of t for values from (0) to (1000)');
    await shop.app.query('create table t_b partition of t for values from (1000) to (2000)');
    await shop.app.query(`insert into t select i, i::text from generate_series(1, 1999) i`);
    const staged = await gated(shop, {
      description: 'numbers',
      table: 't',
      expand: [addColumn('new', 'integer')],
      backfill: { set: { new: sql`old::integer` }, reverse: 'none' },
    });
    expect(found(await verify(staged))).toEqual(clean(1_999));
    await behindTheTrigger(
      staged,
      `update t set old = 'none' where id = 1500`,
      `update t set new = 0 where id = 3`,
    );
    expect(found(await verify(staged))).toEqual({ ...clean(1_999), mismatched: 2 });
  });
});
