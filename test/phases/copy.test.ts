/** What a copy puts into its target, and what its trigger carries over, by every kind of write. */
import { describe, expect, it } from 'vitest';
import { defineMigration } from '#core/definition';
import { sql } from '#core/sql';
import { listQuarantine, retryQuarantine } from '#phases/backfill/quarantine';
import { planWalk } from '#phases/backfill/ranges';
import { connect } from '../support/connections.js';
import { backfill, count, ledgerProblems, SERVER, urlOf, useWorkshop, walkAll } from './backfill-workshop.js';
import { COPY, catchUp, caughtUp, copyOf, different, SOME, seed, TABLES, waiting } from './copy-stage.js';
import { MAJORS } from './sync-trigger-fixture.js';
import { expanded, verify } from './verify-stage.js';

const PARTITIONED = `
  create table users (id bigint, bio text, age integer not null default 0, note text not null default '', primary key (id)) partition by hash (id);
  create table users_0 partition of users for values with (modulus 2, remainder 0);
  create table users_1 partition of users for values with (modulus 2, remainder 1);
  create table profiles (user_id bigint primary key, bio text, born integer) partition by hash (user_id);
  create table profiles_0 partition of profiles for values with (modulus 2, remainder 0);
  create table profiles_1 partition of profiles for values with (modulus 2, remainder 1)`;

describe.each(MAJORS)('a copy on PostgreSQL %s', (major) => {
  const open = useWorkshop({ major });

  it.each([
    ['a table', TABLES, COPY, 'true'],
    ['partitions', PARTITIONED, COPY, 'true'],
    ['rows of a condition', TABLES, SOME, 'bio is not null'],
    [
      'newest first',
      TABLES,
      { ...COPY, backfill: { ...COPY.backfill, order: 'newest first' } } as typeof COPY,
      'true',
    ],
  ] as const)(
    'holds each row once, and leaves the source as it was: %s',
    async (_, tables, definition, where) => {
      const shop = await open();
      await shop.app.query(tables);
      await seed(shop.app, 6_000);
      const before = await shop.app.query('select xmin::text, ctid::text from users order by id');
      const staged = await expanded(shop, definition);
      const progress = await backfill(shop, staged.run);
      const wanted = await count(shop.app, `users where ${where}`);
      expect(progress).toMatchObject({
        pass: 2,
        rowsDone: wanted,
        rowsInPass: 0,
        leftLocked: 0,
        quarantined: 0,
      });
      expect(await count(shop.app, different(where))).toBe(0);
      const after = await shop.app.query('select xmin::text, ctid::text from users order by id');
      expect(after.rows).toEqual(before.rows);
      expect(await ledgerProblems(shop.database, staged.run.id)).toEqual([]);
      expect(await verify(staged)).toMatchObject({ rows: 6_000, pending: 0, mismatched: 0 });
    },
  );

  it.each([
    ['a table', TABLES, COPY, 'true'],
    ['partitions', PARTITIONED, COPY, 'true'],
    ['rows of a condition', TABLES, SOME, 'bio is not null'],
  ] as const)('is carried on by every write: %s', async (_, tables, definition, where) => {
    const shop = await open();
    await shop.app.query(tables);
    await seed(shop.app, 200);
    const staged = await expanded(shop, definition);
    const writes = [
      `insert into users (id, bio, age) values (1001, 'a', 1), (1002, null, 2)`,
      `update users set bio = 'b' where id in (1, 3, 1002)`,
      `update users set bio = null where id in (2, 4)`,
      `update users set id = id + 5000 where id in (5, 6, 7)`,
      `update users set age = 7 where id between 20 and 30`,
      `delete from users where id in (8, 9, 1001)`,
      `insert into users (id, bio) values (10, 'again') on conflict (id) do update set bio = excluded.bio`,
      `with gone as (delete from users where id = 11 returning *) insert into users select id + 9000, bio, age, note from gone`,
    ];
    // Before the walk, behind it, and each as a transaction that is rolled back.
    for (const text of writes) await shop.app.query(`begin; ${text}; rollback`);
    for (const text of writes.slice(0, 4)) await shop.app.query(text);
    await backfill(shop, staged.run);
    expect(await count(shop.app, different(where))).toBe(0);
    for (const text of writes.slice(4)) await shop.app.query(text);
    expect(await count(shop.app, different(where))).toBe(0);
    await shop.app.query(
      'begin; delete from users where id = 50; update users set id = 50 where id = 51; commit',
    );
    expect(await count(shop.app, different(where))).toBe(0);
    expect(await waiting(staged)).toBe(0);
    expect(await verify(staged)).toMatchObject({ pending: 0, mismatched: 0 });
  });

  it('knows rows by keys of several columns, and names of every kind', async () => {
    const shop = await open();
    await shop.app.query(`create table "Us er" ("Ten""ant" smallint, "noted_at" uuid, "select" text, unique ("noted_at", "Ten""ant"));
      alter table "Us er" alter "Ten""ant" set not null, alter "noted_at" set not null;
      create schema "s p"; create table "s p"."key_1" ("key_2" uuid, "t" integer, "x" varchar(9), primary key ("t", "key_2"));
      insert into "Us er" select i % 7, gen_random_uuid(), 'v' || i from generate_series(1, 500) i`);
    const staged = await expanded(
      shop,
      defineMigration({
        description: 'x',
        table: 'Us er',
        backfill: {
          copy: { into: 's p.key_1', key: { t: 'Ten"ant', key_2: 'noted_at' }, set: { x: sql`"select"` } },
        },
      }),
    );
    await backfill(shop, staged.run);
    const other = await connect(urlOf(shop));
    await other.query('begin isolation level repeatable read; select count(*) from "s p".key_1');
    await shop.app.query(
      `insert into "s p".key_1 values ('00000000-0000-0000-0000-000000000001', 1, 'over')`,
    );
    await shop.app.query(`insert into "Us er" values (1, '00000000-0000-0000-0000-000000000001', 'mine')`);
    await other.query('delete from "Us er" where "Ten""ant" = 3');
    await other.query(`update "Us er" set "Ten""ant" = 9 where "Ten""ant" = 4`);
    await other.query('commit');
    await shop.app.query(`update "Us er" set "select" = 'changed' where "Ten""ant" = 5`);
    await caughtUp(staged);
    expect(
      await count(
        shop.app,
        `"Us er" u full join "s p".key_1 p on p.t = u."Ten""ant" and p.key_2 = u.noted_at where u."select" is distinct from p.x`,
      ),
    ).toBe(0);
    expect(await verify(staged)).toMatchObject({ pending: 0, mismatched: 0 });
  });

  it('takes a row along that a trigger of the table updates once more', async () => {
    const shop = await open();
    await shop.app.query(`${TABLES};
      create function again() returns trigger language plpgsql as
        'begin update users set age = age + 1 where id = new.id and age < 50; return null; end';
      create trigger again after insert or update on users for each row execute function again()`);
    await seed(shop.app, 10);
    const staged = await expanded(shop, COPY);
    await backfill(shop, staged.run);
    await shop.app.query(`update users set age = 48 where id = 1; insert into users values (99, 'x', 3)`);
    expect(await count(shop.app, different())).toBe(0);
  });

  it.each(['repeatable read', 'serializable'])('sees what a snapshot of %s hides', async (level) => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 100);
    const staged = await expanded(shop, SOME);
    const other = await connect(urlOf(shop));
    await other.query(`begin isolation level ${level}; select 1`);
    await other.query('select count(*) from profiles');
    await backfill(shop, staged.run);
    // It knows of none of the copies.
    await other.query('delete from users where id = 1');
    await other.query('update users set bio = null where id = 2');
    await other.query('update users set age = 3 where id = 4');
    await other.query('update users set id = 700 where id = 5');
    await other.query(`update users set bio = 'now' where id = 6`);
    await other.query(`insert into users values (701, 'new')`);
    await other.query('commit');
    expect(await count(shop.app, different('bio is not null'))).toBeGreaterThan(0);
    // Deleted, no longer wanted, changed, and both keys of the one that moved.
    expect(await waiting(staged)).toBe(5);
    expect(await verify(staged)).toMatchObject({ pending: 0, mismatched: 0 });
    await caughtUp(staged);
    expect(await count(shop.app, different('bio is not null'))).toBe(0);
  });
});

describe('a write of the application', () => {
  const open = useWorkshop();

  it('needs no right to the target, and none to what Bellows notes', async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 20);
    const role = `app_${shop.app.database}`;
    await shop.app.query(`create role "${role}"; grant select, insert, update, delete on users to "${role}"`);
    const staged = await expanded(shop, COPY);
    await backfill(shop, staged.run);
    await shop.app.query(`set role "${role}"; insert into users values (100, 'a'); update users set age = 4 where id < 5;
      delete from users where id = 6; reset role; drop owned by "${role}"; drop role "${role}"`);
    expect(await count(shop.app, different())).toBe(0);
    expect(await waiting(staged)).toBe(0);
  });

  it('is carried over in the replica role too, as rows of a subscription are written', async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 20);
    const staged = await expanded(shop, COPY);
    await backfill(shop, staged.run);
    await shop.app.query(`set session_replication_role = replica; insert into users values (100, 'a');
      update users set age = 4 where id < 5; delete from users where id = 6; reset session_replication_role`);
    expect(await count(shop.app, different())).toBe(0);
    await shop.app.query(
      'set session_replication_role = replica; truncate users; reset session_replication_role',
    );
    expect(await count(shop.app, `bellows."${copyOf(staged).waiting.name}" where key_1 is null`)).toBe(1);
  });

  it('goes on where the copy cannot be made, and the key waits', { timeout: 30_000 }, async () => {
    const shop = await open();
    await shop.app.query(`${TABLES}; alter table profiles add constraint one_bio unique (bio)`);
    await seed(shop.app, 20);
    const divided = defineMigration({
      ...COPY,
      backfill: {
        copy: {
          into: 'profiles',
          key: { user_id: 'id' },
          set: { bio: sql`upper(bio)`, born: sql`2000 - age + 0 / (age - 77)` },
        },
      },
    });
    const staged = await expanded(shop, divided);
    await backfill(shop, staged.run);
    await shop.app.query(`update users set bio = 'bio 2' where id = 1`);
    await shop.app.query('update users set age = 77 where id = 4');
    await shop.app.query(`update users set age = 5 where id = 5`);
    expect(await waiting(staged)).toBe(2);
    expect(await count(shop.app, 'profiles where user_id = 5 and born = 1995')).toBe(1);
    await catchUp(staged);
    const entries = await listQuarantine(shop.database, staged.run.id);
    expect(entries.map(({ rowKey, sqlstate, table }) => [rowKey.id, sqlstate, table]).sort()).toEqual([
      [1, '23505', 'public.users'],
      [4, '22012', 'public.users'],
    ]);
    expect(await verify(staged)).toMatchObject({ pending: 0, mismatched: 0 });
    await shop.app.query(`update users set bio = 'free' where id = 2; update users set age = 9 where id = 4`);
    await retryQuarantine({ ...shop, server: SERVER }, staged.run, null, 'test');
    await caughtUp(staged);
    expect(await count(shop.app, different())).toBe(0);
    expect((await listQuarantine(shop.database, staged.run.id)).filter((e) => e.state === 'open')).toEqual(
      [],
    );
  });

  it('waits for a row of the target that somebody holds no longer than a batch', async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 20);
    const staged = await expanded(shop, COPY);
    await backfill(shop, staged.run);
    const holder = await connect(urlOf(shop));
    await holder.query('begin; select from profiles where user_id in (1, 2) for update');
    const begun = performance.now();
    await shop.app.query('update users set age = 50 where id = 1');
    await shop.app.query('delete from users where id = 2');
    expect(performance.now() - begun).toBeLessThan(900);
    expect(await waiting(staged)).toBe(2);
    await catchUp(staged);
    expect(await waiting(staged)).toBe(2);
    await holder.query('commit');
    await caughtUp(staged);
    expect(await count(shop.app, different())).toBe(0);
  });

  it('goes on where the target is gone, and where nothing can be noted', async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 5);
    const staged = await expanded(shop, COPY);
    await shop.app.query('drop table profiles; update users set age = 1; delete from users where id = 2');
    expect(await waiting(staged)).toBe(5);
    await shop.app.query(`drop table bellows."${copyOf(staged).waiting.name}"; insert into users values (9)`);
    await shop.app.query('truncate users');
    expect(await count(shop.app, 'users')).toBe(0);
  });
});

describe('the walk of a copy', () => {
  const open = useWorkshop();

  it('puts a row aside that cannot be copied, and copies the others', async () => {
    const shop = await open();
    await shop.app.query(`${TABLES}; alter table profiles add check (born > 1925)`);
    await seed(shop.app, 400);
    const staged = await expanded(shop, COPY);
    const progress = await backfill(shop, staged.run);
    const refused = await count(shop.app, 'users where age >= 75');
    expect(refused).toBeGreaterThan(20);
    expect(progress).toMatchObject({ rowsDone: 400 - refused, quarantined: refused });
    expect(await verify(staged)).toMatchObject({ pending: 0, mismatched: 0 });
    await shop.app.query('alter table profiles drop constraint profiles_born_check');
    await retryQuarantine({ ...shop, server: SERVER }, staged.run, null, 'test');
    await caughtUp(staged);
    expect(await count(shop.app, different())).toBe(0);
  });

  it('leaves to the sweep what somebody holds, and waits for no long transaction', {
    timeout: 30_000,
  }, async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 3_000);
    const staged = await expanded(shop, SOME);
    await planWalk(shop, staged.run, 0, 1);
    const other = await connect(urlOf(shop));
    await other.query(
      `begin; update users set age = 1 where id in (1, 2999); delete from users where id = 2`,
    );
    expect(await walkAll(shop, staged.run)).not.toContain('stale');
    expect(await count(shop.app, different('bio is not null'))).toBe(3);
    await other.query('commit');
    expect(await backfill(shop, staged.run)).toMatchObject({ leftLocked: 0, rowsInPass: 0 });
    expect(await count(shop.app, different('bio is not null'))).toBe(0);
  });

  it('keeps what the application wrote first, and never what was before it', async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 100);
    const staged = await expanded(shop, COPY);
    await shop.app.query(`insert into profiles (user_id, bio, born) values (7, 'MINE', 1)`);
    await backfill(shop, staged.run);
    expect(await count(shop.app, `profiles where user_id = 7 and bio = 'MINE'`)).toBe(1);
    expect(await verify(staged)).toMatchObject({ pending: 0, mismatched: 1 });
    expect(await verify(staged, { repair: true })).toMatchObject({ returned: 1, mismatched: 0 });
    await caughtUp(staged);
    expect(await count(shop.app, different())).toBe(0);
  });

  it('finds what stands in the target without a source, unless others may', async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 50);
    await shop.app.query(`insert into profiles (user_id, bio) values (900, 'x')`);
    const staged = await expanded(shop, COPY);
    await backfill(shop, staged.run);
    expect(await verify(staged, { repair: true })).toMatchObject({ rows: 50, mismatched: 1, left: 1 });
    expect(await count(shop.app, 'profiles where user_id = 900')).toBe(1);
    const copy = { ...copyOf(staged), keepsOthers: true };
    const run = { ...staged.run, plan: { ...staged.run.plan, backfills: [copy] } };
    expect(await verify({ ...staged, run })).toMatchObject({ rows: 50, mismatched: 0 });
  });

  it('is planned anew where the source is rewritten', async () => {
    const shop = await open();
    await shop.app.query(TABLES);
    await seed(shop.app, 2_000);
    const staged = await expanded(shop, COPY);
    await planWalk(shop, staged.run, 0, 1);
    await shop.app.query('delete from users where id % 2 = 0');
    await shop.app.query('vacuum full users');
    expect(await backfill(shop, staged.run)).toMatchObject({ rowsDone: 1_000, leftLocked: 0 });
    expect(await count(shop.app, different())).toBe(0);
  });
});
