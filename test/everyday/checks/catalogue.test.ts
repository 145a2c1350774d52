import { expect, it } from 'vitest';
import { createDatabase } from '#postgres/database';
import { brief, onServers } from './stage.js';

onServers('unvalidated constraints', ({ check, sql }, major) => {
  it('of tables and domains are found, where information_schema says nothing of them', async () => {
    await sql(`create table users (id int primary key, age int);
      create table orders (id int primary key, user_id int);
      alter table orders add constraint orders_user foreign key (user_id) references users not valid;
      alter table users add constraint old_enough check (age > 17) not valid;
      create domain positive as int;
      alter domain positive add constraint above check (value > 0) not valid;`);
    const result = await check('unvalidated_constraints');
    expect(result.findings.map(({ object, mend }) => [object, mend[0]])).toEqual([
      ['orders_user', 'alter table public.orders validate constraint orders_user;'],
      ['above', 'alter domain public.positive validate constraint above;'],
      ['old_enough', 'alter table public.users validate constraint old_enough;'],
    ]);
    for (const { mend } of result.findings) await sql(mend.join('\n'));
    expect((await check('unvalidated_constraints')).verdict).toBe('ok');
  });

  it.runIf(major >= 18)('of PostgreSQL 18: NOT NULL is one, NOT ENFORCED is none and is told', async () => {
    await sql(`create table users (id int primary key, email text, age int);
      alter table users add constraint email_given not null email not valid;
      alter table users add constraint old_enough check (age > 17) not enforced;`);
    const result = await check('unvalidated_constraints');
    expect(result.findings.map((one) => one.object)).toEqual(['email_given']);
    expect(result.notices.map((one) => one.object)).toEqual(['old_enough']);
  });
});

onServers('invalid indexes', ({ check, sql, client }) => {
  it('are found with the statement that mends them', async () => {
    await sql(
      `create table users (id int primary key, email text); insert into users values (1, 'a'), (2, 'a');`,
    );
    await (await client())
      .query('create unique index concurrently users_email on users (email)')
      .catch(() => undefined);
    const result = await check('invalid_indexes');
    expect(result.findings.map(brief)).toEqual([['users', 'users_email', null]]);
    await sql('update users set email = id::text');
    await sql(result.findings[0]?.mend[0] ?? '');
    expect((await check('invalid_indexes')).verdict).toBe('ok');
  });

  it('are no finding while they are being built', async () => {
    await sql('create table users (id int primary key, email text);');
    const [blocker, builder] = [await client(), await client()];
    await blocker.query('begin; insert into users values (1)');
    const built = builder.query('create index concurrently users_email on users (email)');
    await expect
      .poll(async () => (await check('invalid_indexes')).notices.length, { timeout: 10_000 })
      .toBe(1);
    expect((await check('invalid_indexes')).findings).toEqual([]);
    await blocker.query('commit');
    await built;
  });

  it('of a partitioned table wait for their partitions', async () => {
    await sql(`create table t (a int) partition by list (a); create table t1 partition of t for values in (1);
      create index t_a on only t (a);`);
    const result = await check('invalid_indexes');
    expect(result.findings[0]?.mend.join()).toContain('attach partition');
    await sql('create index t1_a on t1 (a); alter index t_a attach partition t1_a;');
    expect((await check('invalid_indexes')).verdict).toBe('ok');
  });
});

onServers('duplicate indexes', ({ check, sql }) => {
  it('are those that say the same as another; what a constraint or a foreign key needs is kept', async () => {
    await sql(`create table users (id bigint primary key, email text unique, name text);
      create index idx_users_email on users (email);
      create index by_name on users (name);
      create index by_name_again on users (name);
      create index by_name_down on users (name desc);
      create index by_name_some on users (name) where name <> '';
      create index by_lower on users (lower(name));
      create index by_both on users (name, email);
      create unique index second_key on users (id);
      create table orders (user_id bigint references users (id));`);
    const result = await check('duplicate_indexes');
    expect(result.findings.map(({ object }) => object)).toEqual([
      'by_name_again',
      'idx_users_email',
      'second_key',
    ]);
    expect(result.findings.map(({ mend }) => mend[0])[1]).toBe('drop index concurrently idx_users_email;');
    for (const { mend } of result.findings) await sql(mend.join('\n'));
    expect((await check('duplicate_indexes')).verdict).toBe('ok');
  });
});

onServers('foreign keys without an index', ({ check, sql }) => {
  const TABLES = `create table users (id int primary key, a int, b int, unique (a, b));`;

  it('are found, and mended by the statement', async () => {
    await sql(`${TABLES} create table "or ders" (id int primary key, "user" int references users, x int);
      create index partly on "or ders" ("user") where x > 0;
      create index behind on "or ders" (x, "user");`);
    const result = await check('unindexed_foreign_keys');
    expect(result.findings.map(brief)).toEqual([['or ders', 'or ders_user_fkey', null]]);
    await sql(result.findings[0]?.mend[0] ?? '');
    expect((await check('unindexed_foreign_keys')).verdict).toBe('ok');
  });

  it('of a partitioned table are one finding, and one index mends them', async () => {
    await sql(`${TABLES} create table orders (id int, user_id int references users) partition by range (id);
      create table o1 partition of orders for values from (1) to (10);
      create table o2 partition of orders default;`);
    expect((await check('unindexed_foreign_keys')).findings.map(brief)).toEqual([
      ['orders', 'orders_user_id_fkey', null],
    ]);
    await sql('create index on orders (user_id)');
    expect((await check('unindexed_foreign_keys')).verdict).toBe('ok');
  });

  it('are none with an index that leads with the columns, in any order, or that leaves out the NULLs only', async () => {
    await sql(`${TABLES} create table orders (id int, "user" int references users, a int, b int, foreign key (a, b) references users (a, b));
      create index on orders (b, a, id);
      create index on orders ("user") where "user" is not null;`);
    expect(await check('unindexed_foreign_keys')).toMatchObject({ verdict: 'ok' });
  });
});

onServers('integers', (stage) => {
  const { check, sql, seqScans } = stage;
  const percentOf = (means: string | undefined) => /^([\d.]+) %/.exec(means ?? '')?.[1];

  it('that a sequence drives to the end of their type are found, identity and serial alike', async () => {
    await sql(`create table a (id serial primary key);
      create table b (id int generated always as identity primary key);
      create table c (id bigint generated always as identity primary key);
      create table d (id smallserial);
      create sequence own maxvalue 100;
      select setval('a_id_seq', 2000000000), setval('b_id_seq', 1000000000), setval('c_id_seq', 2000000000),
        setval('d_id_seq', 32767), setval('own', 71);`);
    const result = await check('integer_range');
    expect(result.findings.map((f) => [f.table, f.object, percentOf(f.means)])).toEqual([
      ['a', 'id', '93.1'],
      ['d', 'id', '100'],
      [null, 'own', '71'],
    ]);
    expect(result.did[0]).toContain('the highest: d.id 100 %');
    expect(JSON.stringify(result)).not.toContain('2000000000');
    expect((await check('integer_range', { integerPercent: 95 })).findings).toHaveLength(1);
  });

  it('of a domain have the range of its type', async () => {
    await sql(`create domain number as int; create sequence s;
      create table a (id number primary key default nextval('s')); create table b (id number primary key);
      insert into b values (2000000000); select setval('s', 2000000000);`);
    expect((await check('integer_range')).findings.map((f) => [f.table, percentOf(f.means)])).toEqual([
      ['a', '93.1'],
      ['b', '93.1'],
    ]);
  });

  it('of a bigint that an integer sequence feeds end with the sequence', async () => {
    await sql(`create sequence s as int; create table a (id bigint primary key default nextval('s'));
      select setval('s', 2000000000);`);
    const [found] = (await check('integer_range')).findings;
    expect(found).toMatchObject({
      table: 'a',
      object: 'id',
      mend: ['alter sequence "public"."s" as bigint no maxvalue;'],
    });
    await sql(found?.mend[0] ?? '');
    expect((await check('integer_range')).verdict).toBe('ok');
  });

  it('that refer to a wider key, or that the application numbers, are judged by the end of an index, without a scan', async () => {
    await sql(`create table users (id bigint primary key);
      create table orders (id int primary key, user_id int references users);
      insert into users values (1), (2000000000);
      insert into orders select n, 1 from generate_series(1, 2000) n;
      insert into orders values (1800000000, 1);
      analyze;`);
    const before = [await seqScans('users'), await seqScans('orders')];
    const result = await check('integer_range');
    expect(result.findings.map((f) => [f.table, f.object, percentOf(f.means)])).toEqual([
      ['orders', 'id', '83.8'],
      ['orders', 'user_id', '93.1'],
    ]);
    expect([await seqScans('users'), await seqScans('orders')]).toEqual(before);
  });

  it('are unknown where the role may not read the sequence', async () => {
    const role = `blind_${process.pid}`;
    await sql(`create table a (id serial primary key); create role ${role} login;`);
    const url = new URL(stage.url);
    url.username = role;
    const database = createDatabase({ url: url.href, applicationName: 'test' });
    try {
      const [found] = (await stage.check('integer_range', { database })).unknown;
      expect(found?.why).toContain('a_id_seq may not be read');
    } finally {
      await database.close();
      await sql(`drop role ${role}`);
    }
  });
});

onServers('disabled triggers', ({ check, sql }) => {
  it('are found, also those of a foreign key; replica ones are told', async () => {
    await sql(`create function f() returns trigger language plpgsql as 'begin return new; end';
      create table users (id int primary key);
      create table orders (id int primary key, user_id int references users);
      create trigger stamp before insert on users for each row execute function f();
      create trigger mirror before insert on users for each row execute function f();
      create trigger normal before insert on users for each row execute function f();`);
    expect((await check('disabled_triggers')).verdict).toBe('ok');
    await sql(`alter table users disable trigger stamp; alter table users enable replica trigger mirror;
      alter table orders disable trigger all;`);
    const result = await check('disabled_triggers');
    expect(result.findings.map(brief)).toEqual([
      ['orders', 'orders_user_id_fkey', null],
      ['users', 'stamp', null],
    ]);
    expect(result.notices.map(brief)).toEqual([['users', 'mirror', null]]);
    for (const { mend } of result.findings) await sql(mend.join('\n'));
    expect((await check('disabled_triggers')).verdict).toBe('ok');
  });
});

onServers('tables without a primary key', ({ check, sql }) => {
  it('are told, and are no finding; those of others are not seen', async () => {
    await sql(`create table log (at timestamptz);
      create table parted (a int) partition by list (a); create table part1 partition of parted default;
      create table fine (id int primary key);
      create schema bellows; create table bellows.x (a int); create schema bullmq; create table bullmq.y (a int);`);
    const result = await check('no_primary_key');
    expect(result).toMatchObject({ verdict: 'ok', findings: [] });
    expect(result.notices.map((one) => one.table)).toEqual(['log', 'parted']);
  });
});
