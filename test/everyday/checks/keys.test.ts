import { expect, it } from 'vitest';
import { createDatabase } from '#postgres/database';
import { brief, NOTHING_WANTED, onServers } from './stage.js';

const TABLES = `
create table users (id bigint primary key, email text);
create table orders (id bigint primary key, user_id bigint, note text);
insert into users select n, 'u' || n from generate_series(1, 100) n;
insert into orders select n, n, 'x' from generate_series(1, 120) n;
insert into orders values (500, null, 'x');`;

onServers('orphans', (stage) => {
  const { check, sql, seqScans } = stage;
  it('are counted for a foreign key that is NOT VALID, by a scan that is told with its size', async () => {
    await sql(`${TABLES}
      alter table orders add constraint orders_user foreign key (user_id) references users not valid;
      analyze orders;`);
    const result = await check('orphans');
    expect(result.verdict).toBe('findings');
    expect(result.findings.map(brief)).toEqual([['orders', 'orders_user (NOT VALID)', 20]]);
    expect(result.findings[0]?.mend.at(-1)).toBe(
      'alter table "public"."orders" validate constraint "orders_user";',
    );
    expect(result.scans).toEqual([{ table: 'orders', bytes: 8192, rows: 121 }]);
    expect(result.told).toEqual(result.scans);
  });

  it('are not looked for where the server vouches, unless asked to', async () => {
    await sql(`${TABLES}
      delete from orders where user_id > 100;
      alter table orders add constraint orders_user foreign key (user_id) references users;`);
    const before = await seqScans('orders');
    const result = await check('orphans');
    expect(result).toMatchObject({ verdict: 'ok', scans: [] });
    expect(result.did[0]).toContain('1 validated foreign key');
    expect(await seqScans('orders')).toBe(before);
    expect(await check('orphans', { deep: true })).toMatchObject({ verdict: 'ok', findings: [] });
    expect(await seqScans('orders')).toBeGreaterThan(before);
  });

  it('are looked for where the triggers of a validated key are disabled', async () => {
    await sql(`${TABLES}
      delete from orders where user_id > 100;
      alter table orders add constraint orders_user foreign key (user_id) references users;
      alter table orders disable trigger all;
      update orders set user_id = 999 where id = 1;`);
    expect((await check('orphans')).findings.map(brief)).toEqual([
      ['orders', 'orders_user (its triggers are disabled)', 1],
    ]);
  });

  it('forgive a key as the server does: partly NULL under MATCH SIMPLE, all NULL under MATCH FULL', async () => {
    await sql(`
      create table p (a int, b int, primary key (a, b));
      create table c (id int primary key, a int, b int);
      insert into p values (1, 1);
      insert into c values (1, 1, 1), (2, null, 7), (3, null, null);`);
    const scanned = async (match: string) => {
      await sql(`alter table c drop constraint if exists c_p;
        alter table c add constraint c_p foreign key (a, b) references p match ${match} not valid;`);
      return (await check('orphans')).findings.map((one) => one.count);
    };
    expect(await scanned('simple')).toEqual([]);
    expect(await scanned('full')).toEqual([1]);
  });

  it('are counted for a key that is only declared, and a name that is not there is no pass', async () => {
    await sql(TABLES);
    const key = { table: 'orders', columns: ['user_id'], references: 'users', referencedColumns: ['id'] };
    const wanted = (more: object) => ({
      wanted: { ...NOTHING_WANTED, foreignKeys: [{ ...key, by: null, ...more }] },
    });
    expect((await check('orphans', wanted({}))).findings[0]?.count).toBe(20);
    expect(await check('orphans', wanted({ table: 'ordres' }))).toMatchObject({
      verdict: 'unknown',
      unknown: [{ table: 'ordres', why: 'there is no table ordres' }],
    });
    const later = await check('orphans', wanted({ columns: ['owner_id'], by: '2024_x' }));
    expect(later.verdict).toBe('ok');
    expect(later.did).toEqual(['column orders.owner_id of 2024_x is not there yet: nothing to look for']);
  });

  it('of names that need quoting, in the partitions of a table, in another schema', async () => {
    await sql(`
      create schema "my sales";
      create table "my sales"."Users" ("Id" int primary key);
      create table "my sales"."Or""ders" ("Us er" int, at date) partition by range (at);
      create table "my sales".p1 partition of "my sales"."Or""ders" default;
      insert into "my sales"."Or""ders" values (1, '2024-01-01');`);
    const key = {
      ...{
        table: 'my sales.Or"ders',
        columns: ['Us er'],
        references: 'my sales.Users',
        referencedColumns: ['Id'],
      },
      by: null,
    };
    const result = await check('orphans', { wanted: { ...NOTHING_WANTED, foreignKeys: [key] } });
    expect(result.findings.map((one) => [one.table, one.count])).toEqual([['my sales.Or"ders', 1]]);
    expect(result.scans[0]?.bytes).toBe(8192);
  });

  it('that are not counted in time are unknown, never a pass', async () => {
    await sql(`${TABLES}
      alter table orders add constraint orders_user foreign key (user_id) references users not valid;
      insert into orders select n, null, repeat('x', 500) from generate_series(1000, 60000) n;`);
    const late = await check('orphans', { statementTimeoutMs: 1 });
    expect(late).toMatchObject({ verdict: 'unknown', scans: [{ table: 'orders' }] });
    expect(late.unknown[0]).toMatchObject({ table: 'orders', why: 'not answered within 0.001 s' });
  });

  it('that row security hides from the role are unknown too', async () => {
    const role = `blind_${process.pid}`;
    await sql(`${TABLES}
      alter table orders add constraint orders_user foreign key (user_id) references users not valid;
      alter table orders enable row level security;
      create role ${role} login;
      grant select on orders, users to ${role};`);
    const url = new URL(stage.url);
    url.username = role;
    const database = createDatabase({ url: url.href, applicationName: 'test' });
    try {
      const blind = await check('orphans', { database });
      expect(blind.verdict).toBe('unknown');
      expect(blind.unknown[0]?.why).toContain('may not read all of it');
    } finally {
      await database.close();
      await sql(`drop owned by ${role}; drop role ${role};`);
    }
  });
});

onServers('duplicates', ({ check, sql, seqScans }) => {
  const wanted = (...keys: string[]) => ({
    wanted: {
      ...NOTHING_WANTED,
      unique: [{ table: 'users', keys: keys.map((column) => ({ column })), where: null, by: null }],
    },
  });

  it('are counted as groups and rows; NULL is none', async () => {
    await sql(`create table users (id int primary key, email text, tenant int);
      insert into users values (1, 'a', 1), (2, 'a', 1), (3, 'a', 2), (4, 'b', 1), (5, null, 1), (6, null, 1);`);
    const result = await check('duplicates', wanted('email'));
    expect(result.findings.map(brief)).toEqual([['users', '("email"), declared in bellows.config.ts', 1]]);
    expect(result.findings[0]?.means).toContain('shared by 3 rows');
    expect((await check('duplicates', wanted('email', 'tenant'))).findings[0]?.means).toContain('by 2 rows');
    expect((await check('duplicates', wanted('id', 'email'))).verdict).toBe('ok');
  });

  it('are seen with the condition and the expression of the index that is to come', async () => {
    await sql(`create table users (id int primary key, email text, gone bool);
      insert into users values (1, 'A', false), (2, 'a', false), (3, 'b', true), (4, 'b', false);`);
    const index = (expression: string) => ({
      wanted: {
        ...NOTHING_WANTED,
        unique: [{ table: 'users', keys: [{ expression }], where: 'not gone', by: '2024_x' }],
      },
    });
    expect((await check('duplicates', index('lower(email)'))).findings[0]?.count).toBe(1);
    expect((await check('duplicates', index('email'))).verdict).toBe('ok');
  });

  it('are ruled out without a scan by a unique index over some of the columns', async () => {
    await sql(`create table users (id int primary key, email text);
      insert into users values (1, 'a');`);
    const before = await seqScans('users');
    const result = await check('duplicates', wanted('id', 'email'));
    expect(result).toMatchObject({ verdict: 'ok', scans: [] });
    expect(result.did[0]).toContain('users_pkey holds it, not scanned');
    expect(await seqScans('users')).toBe(before);
  });

  it('are not known where a migration cannot be read', async () => {
    const result = await check('duplicates', {
      wanted: { ...NOTHING_WANTED, unreadable: ['migrations/x.ts'] },
    });
    expect(result.verdict).toBe('unknown');
  });
});

onServers('nulls', ({ check, sql, seqScans }) => {
  const wanted = (more = {}) => ({
    wanted: {
      ...NOTHING_WANTED,
      notNull: [{ table: 'users', column: 'email', by: null, filled: false, ...more }],
    },
  });
  const USERS = `create table users (id int primary key, email text);
    insert into users select n, case when n % 10 > 0 then 'x' || n end from generate_series(1, 5000) n;`;

  it('are counted in an index without a scan', async () => {
    await sql(`${USERS} create index users_email on users (email); analyze users;`);
    const before = await seqScans('users');
    const result = await check('nulls', wanted());
    expect(result.findings.map(brief)).toEqual([['users', 'email', 500]]);
    expect(result).toMatchObject({ scans: [], findings: [{ estimated: false }] });
    expect(await seqScans('users')).toBe(before);
    await sql(`update users set email = '' where email is null`);
    expect(await check('nulls', wanted())).toMatchObject({ verdict: 'ok', scans: [] });
  });

  it('are found by a scan up to the first one, and estimated from statistics', async () => {
    await sql(`${USERS} analyze users;`);
    const result = await check('nulls', wanted());
    expect(result.findings[0]).toMatchObject({ count: 500, estimated: true });
    expect(result.scans).toMatchObject([{ table: 'users', rows: 5000 }]);
    await sql(`update users set email = '' where email is null`);
    expect(await check('nulls', wanted())).toMatchObject({ verdict: 'ok', findings: [] });
  });

  it('are ruled out by NOT NULL and by a valid CHECK; a partial index or a CHECK that is NOT VALID proves nothing', async () => {
    await sql(`${USERS}
      create index partly on users (email) where email is not null;
      alter table users add constraint filled check (email is not null) not valid;`);
    expect(await check('nulls', wanted())).toMatchObject({ verdict: 'findings', scans: [{}] });
    await sql(
      `update users set email = '' where email is null; alter table users validate constraint filled;`,
    );
    const before = await seqScans('users');
    expect(await check('nulls', wanted())).toMatchObject({ verdict: 'ok', scans: [] });
    await sql('alter table users alter column email set not null; alter table users drop constraint filled;');
    expect(await check('nulls', wanted())).toMatchObject({ verdict: 'ok', scans: [] });
    // SET NOT NULL itself may have scanned.
    expect(await seqScans('users')).toBeLessThanOrEqual(before + 1);
  });

  it('are left to the migration that fills the column itself', async () => {
    await sql(USERS);
    expect(await check('nulls', wanted({ by: '2024_x', filled: true }))).toMatchObject({
      verdict: 'ok',
      scans: [],
    });
  });
});
