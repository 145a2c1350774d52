import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { connect, createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { batchSql, install, MAJORS, type Setup, SPLIT, users } from './sync-trigger-fixture.js';

const SETUP: Setup = { table: 'users', groups: [SPLIT], requiredLater: ['first_name', 'last_name'] };

describe.each(MAJORS)('sync trigger: surroundings on PostgreSQL %i', (major) => {
  let server: PostgresServer;
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startPostgres({ major, settings: { fsync: 'off', wal_level: 'logical' } });
    database = await createDatabase({ server: server.url });
    const admin = await connect(database.url);
    await admin.query('create role app login; create role owner login');
  });
  afterAll(async () => {
    await database.drop();
    await server.stop('immediate');
  });
  beforeEach(async () => {
    client = await connect(database.url);
    await client.query(`
      drop schema public cascade; create schema public; grant usage on schema public to public;
      drop schema if exists bellows cascade`);
  });
  const rows = async (sql: string, on = client): Promise<unknown[][]> =>
    (await on.query({ text: sql, rowMode: 'array' })).rows;
  const change = async (sql: string, on = client) =>
    (await rows(`${sql} returning full_name, first_name, last_name, _bellows_1`, on))[0];

  it('an application role with rights on the old column alone, under RLS and any search_path', async () => {
    await users(client);
    await install(client, SETUP);
    await client.query(`
      alter table users enable row level security;
      create policy young on users using (age is null or age < 50);
      grant select (id, full_name, age), insert (full_name), update (full_name, age) on users to app;
      create function public.split_part(text, text, int) returns text language sql as $$ select 'stolen' $$;
      set role app;
      set search_path = ''`);
    await client.query(`insert into public.users (full_name) values ('Bob Ray')`);
    await client.query(`update public.users set full_name = 'Cy Dee' where id = 1`);
    await client.query('reset role; reset search_path');
    expect(
      await rows(
        `select full_name, first_name, last_name, _bellows_1 from users where id in (1, 6) order by id`,
      ),
    ).toEqual([
      ['Cy Dee', 'Cy', 'Dee', 'f'],
      ['Bob Ray', 'Bob', 'Ray', 'f'],
    ]);
  });

  it('COPY with a column list, of the old and of the new shape, and a dump of the whole rows', async () => {
    await users(client);
    await install(client, SETUP);
    await client.query(`
      copy users (full_name) from program 'echo Bob Ray';
      copy users (first_name, last_name) from program 'printf "Cy\\tDee\\n"'`);
    await client.query(`update users set first_name = 'B' where full_name = 'Bob Ray'`);
    const all = await rows(
      'select full_name, first_name, last_name, _bellows_1 from users where id > 5 order by id',
    );
    expect(all).toEqual([
      ['B Ray', 'B', 'Ray', 'r'],
      ['Cy Dee', 'Cy', 'Dee', 'r'],
    ]);
    await client.query(
      `create table kept as select * from users; delete from users; insert into users select * from kept`,
    );
    expect(
      await rows('select full_name, first_name, last_name, _bellows_1 from users where id > 5 order by id'),
    ).toEqual(all);
  });

  it('prepared statements of the old deploy with named columns', async () => {
    await users(client);
    await client.query(
      `prepare ins as insert into users (full_name) values ($1); prepare upd as update users set full_name = $1 where id = 1`,
    );
    await install(client, SETUP);
    await client.query(`execute ins('Bob Ray'); execute upd('Cy Dee')`);
    expect(await rows(`select first_name, last_name from users where id in (1, 6) order by id`)).toEqual([
      ['Cy', 'Dee'],
      ['Bob', 'Ray'],
    ]);
  });

  describe('partitions', () => {
    beforeEach(async () => {
      await client.query(`
        create table users (id int, region text, full_name text, primary key (id, region)) partition by list (region);
        create table users_a partition of users for values in ('a');
        create table users_b (filler int, full_name text, region text not null, id int not null);
        alter table users_b drop column filler;
        alter table users attach partition users_b for values in ('b');
        insert into users values (1, 'a', 'Ann Lee'), (2, 'b', 'Bob Ray');
        alter table users add column first_name varchar(100), add column last_name varchar(100)`);
    });

    it('ENABLE ALWAYS carries to leaves, also to later ones', async () => {
      await install(client, SETUP);
      await client.query(`create table users_c partition of users for values in ('c')`);
      expect(
        await rows(
          `select tgrelid::regclass::text, count(*)::int from pg_trigger where tgenabled = 'A' group by 1 order by 1`,
        ),
      ).toEqual([
        ['users', 2],
        ['users_a', 2],
        ['users_b', 2],
        ['users_c', 2],
      ]);
      await client.query('set session_replication_role = replica');
      expect(await change(`insert into users values (3, 'c', 'Cy Dee')`)).toEqual([
        'Cy Dee',
        'Cy',
        'Dee',
        'f',
      ]);
    });

    it('a row that moves keeps what it had', async () => {
      const plan = await install(client, SETUP);
      expect(await change(`update users set region = 'b' where id = 1`)).toEqual([
        'Ann Lee',
        'Ann',
        'Lee',
        'f',
      ]);
      await client.query(batchSql(plan));
      expect(await change(`update users set region = 'a' where id = 2`)).toEqual([
        'Bob Ray',
        'Bob',
        'Ray',
        'd',
      ]);
      expect(await change(`update users set region = 'b', first_name = 'B' where id = 2`)).toEqual([
        'B Ray',
        'B',
        'Ray',
        'r',
      ]);
      await change(`update users set full_name = 'X', first_name = 'Y' where id = 1`);
      expect(await change(`update users set region = 'a' where id = 1`)).toEqual(['X', 'Y', '', 'b']);
      expect(await change(`update users_b set full_name = 'Cy Dee'`)).toEqual(['Cy Dee', 'Cy', 'Dee', 'f']);
    });

    it('a row that moves keeps a NULL that the new side wrote', async () => {
      await install(client, { ...SETUP, requiredLater: [] });
      await change(`update users set first_name = 'Bob', last_name = null where id = 2`);
      await client.query(`update users set last_name = null where id = 2`);
      expect(await change(`update users set region = 'a' where id = 2`)).toEqual(['Bob', 'Bob', null, 'r']);
    });

    it('a refused row that moves stays refused', async () => {
      await client.query('alter table users add column n int');
      await install(client, {
        table: 'users',
        groups: [{ forward: { n: 'length(full_name) / (id - 1)' }, backward: {} }],
      });
      await client.query('update users set id = id');
      expect(await rows('select id, region, n, _bellows_1 from users order by id')).toEqual([
        [1, 'a', null, 'q'],
        [2, 'b', 7, 'f'],
      ]);
      await client.query(`update users set id = 1 where region = 'b'`);
      await client.query(`update users set region = 'z' where false`);
      expect(
        await rows(
          `update users set region = 'a', full_name = full_name, id = 5 where region = 'b' returning n, _bellows_1`,
        ),
      ).toEqual([[1, 'f']]);
    });
  });

  it('an apply worker of logical replication', async () => {
    const source = await createDatabase({ server: server.url });
    const publisher = await connect(source.url);
    await publisher.query(`create table users (id int primary key, full_name text not null)`);
    await publisher.query(`create publication all_users for table users`);
    await publisher.query(`select pg_create_logical_replication_slot('to_${database.name}', 'pgoutput')`);
    await client.query(`create table users (id int primary key, full_name text not null);
      alter table users add column first_name varchar(100), add column last_name varchar(100)`);
    await install(client, SETUP);
    await client.query(`create subscription sub connection '${source.url}' publication all_users
      with (create_slot = false, slot_name = 'to_${database.name}', copy_data = false)`);
    try {
      await publisher.query(
        `insert into users values (1, 'Bob Ray'), (2, 'Ann Lee'); update users set full_name = 'Cy Dee' where id = 1`,
      );
      const read = () => rows('select full_name, first_name, last_name, _bellows_1 from users order by id');
      await until(async () => JSON.stringify(await read()).includes('Cy Dee'), {
        timeoutMs: 20_000,
        what: 'the update to be applied',
      });
      expect(await read()).toEqual([
        ['Cy Dee', 'Cy', 'Dee', 'f'],
        ['Ann Lee', 'Ann', 'Lee', 'f'],
      ]);
    } finally {
      await client.query('drop subscription sub');
      await source.drop();
    }
  });
});
