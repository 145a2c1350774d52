import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect, createDatabase, type TestDatabase } from '../support/database.js';
import { batchSql, install, MAJORS, type Sides } from './sync-trigger-fixture.js';

describe.each(MAJORS)('sync trigger: types and names on PostgreSQL %i', (major) => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createDatabase({ major });
    client = await connect(database.url);
    await client.query(`
      create schema kinds;
      create extension if not exists citext schema kinds;
      create type kinds.mood as enum ('sad', 'ok');
      create domain kinds.short as text check (length(value) < 5);
      create type kinds.pair as (a int, b text)`);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    client = await connect(database.url);
    await client.query(`
      drop schema public cascade; create schema public;
      drop schema if exists bellows cascade`);
  });
  const rows = async (sql: string): Promise<unknown[][]> =>
    (await client.query({ text: sql, rowMode: 'array' })).rows;

  /** Each: type of both columns, a first value, a changed one that some equality calls the same. */
  it.each([
    ['kinds.citext', `'ann'`, `'Ann'`],
    ['numeric', '1.0', '1.00'],
    ['json', `'{"a":1}'`, `'{"a": 1}'`],
    ['jsonb', `'{"a":1}'`, `'{"a":2}'`],
    ['xml', `'<a/>'`, `'<b/>'`],
    ['point', `'(1,2)'`, `'(1,3)'`],
    ['int[]', `'{1,2}'`, `'[0:1]={1,2}'`],
    ['kinds.mood', `'sad'`, `'ok'`],
    ['kinds.mood[]', `'{sad}'`, `'{ok}'`],
    ['kinds.short', `'a'`, `'b'`],
    ['kinds.pair', `'(1,)'`, `'(1,b)'`],
    ['char(5)', `'a'`, `'b'`],
    ['float8', '0', `'-0'`],
    ['timestamptz', `'2000-01-01 00:00Z'`, `'2000-01-01 00:01Z'`],
    ['interval', `'1 day'`, `'24 hours'`],
    ['bytea', `'\\x00'`, `'\\x01'`],
  ])('%s', async (type, first, second) => {
    await client.query(`create table t (id int primary key, o ${type}); insert into t values (0, ${first})`);
    await client.query(`alter table t add column n ${type}`);
    const plan = await install(client, {
      table: 't',
      groups: [{ forward: { n: 'o' }, backward: { o: 'n' } }],
    });
    await client.query(
      `insert into t (id, o) values (1, ${first}); insert into t (id, n) values (2, ${first})`,
    );
    await client.query(batchSql(plan));
    const same =
      'select id, record_image_eq(row(o), row(n)), o is distinct from null, _bellows_1 from t order by id';
    expect(await rows(same)).toEqual([
      [0, true, true, 'd'],
      [1, true, true, 'f'],
      [2, true, true, 'r'],
    ]);
    await client.query(
      `update t set o = ${second} where id = 0; update t set n = ${second} where id in (1, 2)`,
    );
    expect(await rows(same)).toEqual([
      [0, true, true, 'f'],
      [1, true, true, 'r'],
      [2, true, true, 'r'],
    ]);
    expect(await rows(`select count(distinct o::text) from t`)).toEqual([['1']]);
    await client.query('update t set o = null where id = 0');
    expect(await rows('select n is not distinct from null from t where id = 0')).toEqual([[true]]);
  });

  it('json as text: the WHEN and the function need no equality', async () => {
    await client.query(`create table t (id int primary key, o json); insert into t values (0, '{"a":1}')`);
    await client.query('alter table t add column n text, add column k text');
    await install(client, { table: 't', groups: [{ forward: { n: `o ->> 'a'`, k: `o::text` } }] });
    await client.query(`update t set o = '{"a":2}'; update t set o = '{"a": 2}'`);
    expect(await rows('select n, k, _bellows_1 from t')).toEqual([['2', '{"a": 2}', 'f']]);
    await client.query(`update t set n = 'mine'`);
    expect(await rows('select n, o::text, _bellows_1 from t')).toEqual([['mine', '{"a": 2}', 'r']]);
  });

  it('a constant default of the scale of the column, of an enum, of a domain', async () => {
    await client.query(`
      create table t (id int primary key, price numeric(10,2) default 0, m kinds.mood default 'ok', c char(5) default 'x');
      alter table t add column cents int, add column m2 kinds.mood, add column c2 text;
      alter table t alter column m2 set default 'ok'`);
    const sides: Sides[] = [
      { forward: { cents: '(price * 100)::int' }, backward: { price: 'cents / 100.0' } },
      { forward: { m2: 'm' }, backward: { m: 'm2' } },
      { forward: { c2: 'c' }, backward: { c: 'c2' } },
    ];
    await install(client, { table: 't', groups: sides });
    await client.query(`set search_path = ''`);
    const insert = async (values: string) =>
      (await rows(`insert into public.t ${values} returning price, cents, m, m2, c, c2, _bellows_1`))[0];
    expect(await insert('(id) values (1)')).toEqual(['0.00', 0, 'ok', 'ok', 'x    ', 'x', 'f']);
    expect(await insert('(id, cents) values (2, 150)')).toEqual(['1.50', 150, 'ok', 'ok', 'x    ', 'x', 'r']);
    expect(await insert(`(id, m2) values (3, 'sad')`)).toEqual(['0.00', 0, 'sad', 'sad', 'x    ', 'x', 'r']);
    expect(await insert(`(id, m, c2) values (4, 'sad', 'y')`)).toEqual([
      '0.00',
      0,
      'sad',
      'sad',
      'y    ',
      'y',
      'r',
    ]);
  });

  it('a new column\'s default is not "given", unless there is no old side at all', async () => {
    await client.query(`
      create table t (id int primary key, status text);
      alter table t add column state text;
      alter table t alter column state set default 'new'`);
    await install(client, {
      table: 't',
      groups: [{ forward: { state: 'status' }, backward: { status: 'state' } }],
    });
    const insert = async (values: string) =>
      (await rows(`insert into t ${values} returning status, state, _bellows_1`))[0];
    expect(await insert(`(id, status) values (1, 'paid')`)).toEqual(['paid', 'paid', 'f']);
    expect(await insert(`(id) values (2)`)).toEqual(['new', 'new', 'r']);
    expect(await insert(`(id, state) values (3, 'new')`)).toEqual(['new', 'new', 'r']);
  });

  it('a default that is not constant speaks only where nothing else does', async () => {
    await client.query(`
      create table t (id serial primary key, token text default 'o' || random(), plain text);
      alter table t add column big bigint, add column token2 text, add column plain2 text;
      alter table t alter column plain2 set default 'n' || random()`);
    await install(client, {
      table: 't',
      groups: [
        { forward: { token2: 'token' }, backward: { token: 'token2' } },
        { forward: { big: 'id' }, backward: { id: 'big::int' } },
        { forward: { plain2: 'plain' }, backward: { plain: 'plain2' } },
      ],
    });
    const insert = async (values: string) => {
      const sql = `insert into t ${values} returning id = big, token = token2, plain = plain2, left(token, 1), left(plain, 1)`;
      return (await rows(sql))[0];
    };
    expect(await insert('default values')).toEqual([true, true, true, 'o', 'n']);
    expect(await insert(`(token2) values ('mine')`)).toEqual([true, true, true, 'm', 'n']);
    expect(await insert(`(token) values ('mine')`)).toEqual([true, true, true, 'm', 'n']);
    expect(await insert(`(plain) values ('old')`)).toEqual([true, true, true, 'o', 'o']);
    expect(await insert('(big) values (77)')).toEqual([true, true, true, 'o', 'n']);
    expect(await rows('select id from t where id = 77')).toEqual([[77]]);
  });

  it('names of every kind', async () => {
    const long = 'ä'.repeat(31);
    const [full, neu] = ['Full "Name"', 'new'];
    const columns = {
      [neu]: `"Full ""Name"""`,
      old: `"select" || '$sync$'`,
      [long]: `tg_op || draft`,
      before: '"a\nb"',
    };
    await client.query(`
      create schema "Odd Schema";
      create table "Odd Schema"."Order ""x""" (
        id int primary key, "Full ""Name""" text, "select" text, tg_op text, draft text, "a\nb" text);
      insert into "Odd Schema"."Order ""x""" values (1, 'F', 'S', 'T', 'D', 'A');
      alter table "Odd Schema"."Order ""x""" add "new" text, add "old" text, add "${long}" text, add before text`);
    const plan = await install(client, {
      table: { schema: 'Odd Schema', name: 'Order "x"' },
      groups: [{ forward: columns }, ...[]],
    });
    expect(plan.groups[0]?.sources.map((c) => c.name)).toContain(full);
    const table = '"Odd Schema"."Order ""x"""';
    const all = () =>
      rows(`select "Full ""Name""", "new", "old", "${long}", before, _bellows_1 from ${table} order by id`);
    await client.query(
      `insert into ${table} (id, "Full ""Name""", "select", tg_op, draft, "a\nb") values (2, 'f', 's', 't', 'd', 'a')`,
    );
    await client.query(`update ${table} set id = 1 where id = 1`);
    expect(await all()).toEqual([
      ['F', 'F', 'S$sync$', 'TD', 'A', 'f'],
      ['f', 'f', 's$sync$', 'td', 'a', 'f'],
    ]);
  });

  it('stored generated columns are computed over what the trigger and the batch leave', async () => {
    await client.query(`
      create table t (id int primary key, o text, shout text generated always as (upper(o)) stored);
      insert into t values (0, 'a');
      alter table t add column n text`);
    const plan = await install(client, {
      table: 't',
      groups: [{ forward: { n: 'o' }, backward: { o: 'n' } }],
    });
    await client.query(batchSql(plan));
    await client.query(`insert into t (id, n) values (1, 'b')`);
    expect(await rows('select o, n, shout from t order by id')).toEqual([
      ['a', 'a', 'A'],
      ['b', 'b', 'B'],
    ]);
    await client.query(`update t set n = 'c'`);
    expect(await rows('select distinct o, n, shout from t')).toEqual([['c', 'c', 'C']]);
  });

  it('a reverse over several columns sees the row from before it', async () => {
    await client.query(`create table t (id int primary key, a int, b int); alter table t add column s int`);
    await install(client, {
      table: 't',
      groups: [{ forward: { s: 'a + b' }, backward: { a: 's - coalesce(b, 0)', b: 's - coalesce(a, 0)' } }],
    });
    expect(await rows('insert into t values (1, null, null, 5) returning a, b, s')).toEqual([[5, 5, 5]]);
    expect(await rows('update t set s = 12 returning a, b, s')).toEqual([[7, 7, 12]]);
  });
});
