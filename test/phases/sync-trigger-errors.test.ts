import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect, createDatabase, type TestDatabase } from '../support/database.js';
import { batchSql, install, MAJORS, SPLIT, users } from './sync-trigger-fixture.js';

describe.each(MAJORS)('sync trigger: errors and groups on PostgreSQL %i', (major) => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createDatabase({ major });
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

  describe('an expression that raises', () => {
    const NUMBER = {
      forward: { half: 'n / 2', number: 'txt::int' },
      backward: { txt: `(100 / number)::text` },
    };
    const one = async (sql: string) => (await rows(`${sql} returning txt, half, number, _bellows_1`))[0];

    beforeEach(async () => {
      await client.query(`
        create table t (id int primary key, txt text, n int);
        insert into t values (1, '7', 10), (2, 'x', 10);
        alter table t add column half int, add column number int`);
    });

    it('keeps all of what the application wrote, and nothing half-made', async () => {
      await install(client, { table: 't', groups: [NUMBER] });
      expect(await one(`insert into t values (3, 'y', 20)`)).toEqual(['y', null, null, 'q']);
      expect(await one('update t set n = 30 where id = 2')).toEqual(['x', null, null, 'q']);
      expect(await one(`update t set txt = 'z' where id = 1`)).toEqual(['z', null, null, 'q']);
      expect(await one(`update t set txt = '9' where id = 2`)).toEqual(['9', 15, 9, 'f']);
      expect(await one(`update t set txt = 'bad' where id = 2`)).toEqual(['bad', 15, 9, 'q']);
      expect(await one('update t set number = 0 where id = 2')).toEqual(['bad', 15, 0, 'q']);
    });

    it('does not overwrite what a new deploy wrote and the reverse refused', async () => {
      await install(client, { table: 't', groups: [NUMBER] });
      expect(await one('update t set number = 5 where id = 1')).toEqual(['20', 5, 5, 'r']);
      expect(await one('update t set number = 0 where id = 1')).toEqual(['20', 5, 0, 'q']);
      expect(await one('update t set id = 1 where id = 1')).toEqual(['20', 5, 0, 'q']);
      expect(await one('update t set half = 3 where id = 1')).toEqual(['20', 3, 0, 'q']);
      expect(await one('update t set number = 4, half = 1 where id = 1')).toEqual(['25', 1, 4, 'r']);
    });

    it('an ASSERT in a function of the mapping is an error like any other', async () => {
      await client.query(`create function picky(text) returns int language plpgsql immutable as $$
        begin assert $1 <> 'x', 'no'; return 1; end $$`);
      await install(client, { table: 't', groups: [{ forward: { number: 'public.picky(txt)' } }] });
      expect(await one('update t set id = 2 where id = 2')).toEqual(['x', null, null, 'q']);
    });

    it('a cancelled query stays one', async () => {
      await client.query(`create function slow(text) returns int language plpgsql as $$
        begin perform pg_sleep(20); return 1; end $$`);
      await install(client, { table: 't', groups: [{ forward: { number: 'public.slow(txt)' } }] });
      await client.query(`set statement_timeout = 100`);
      await expect(client.query('update t set id = 2 where id = 2')).rejects.toMatchObject({ code: '57014' });
      await client.query('reset statement_timeout');
      expect(await rows('select _bellows_1 from t where id = 2')).toEqual([['p']]);
    });

    it('a value that does not fit its column is refused, too', async () => {
      await client.query('alter table t add column tiny varchar(2)');
      await install(client, { table: 't', groups: [{ forward: { tiny: 'txt' } }] });
      expect(await rows(`update t set txt = 'long' where id = 1 returning txt, tiny, _bellows_1`)).toEqual([
        ['long', null, 'q'],
      ]);
    });

    it('five thousand caught errors in one transaction', async () => {
      await install(client, { table: 't', groups: [NUMBER] });
      await client.query(`insert into t select g, 'x', g from generate_series(10, 5009) g`);
      expect(await rows(`select _bellows_1, count(*) from t where id >= 10 group by 1`)).toEqual([
        ['q', '5000'],
      ]);
    });
  });

  describe('several groups', () => {
    const GROUPS = [
      { forward: { nx: 'upper(x)' }, backward: { x: 'lower(nx)' } },
      { forward: { ny: 'y::int' }, backward: { y: 'ny::text' } },
    ];
    const one = async (sql: string) => (await rows(`${sql} returning x, nx, y, ny, _bellows_1`))[0];

    beforeEach(async () => {
      await client.query(`
        create table t (id int primary key, x text, y text);
        insert into t values (1, 'a', '1');
        alter table t add column nx text, add column ny int`);
      await client.query(batchSql(await install(client, { table: 't', groups: GROUPS })));
    });

    it('a change of one leaves the richer value of another alone', async () => {
      expect(await one(`update t set nx = 'Ab'`)).toEqual(['ab', 'Ab', '1', 1, 'r']);
      expect(await one(`update t set y = '2'`)).toEqual(['ab', 'Ab', '2', 2, 'r']);
      expect(await one(`update t set x = 'c', ny = 5`)).toEqual(['c', 'C', '5', 5, 'r']);
      expect(await one(`update t set x = 'd', nx = 'e'`)).toEqual(['d', 'e', '5', 5, 'b']);
      expect(await one(`update t set y = '8'`)).toEqual(['d', 'e', '8', 8, 'b']);
    });

    it('an error of one does not stop another', async () => {
      expect(await one(`update t set x = 'c', y = 'z'`)).toEqual(['c', 'C', 'z', 1, 'q']);
      expect(await one(`update t set nx = 'Rich'`)).toEqual(['rich', 'Rich', 'z', 1, 'q']);
      expect(await one('update t set id = 1')).toEqual(['rich', 'Rich', 'z', 1, 'q']);
      expect(await one(`update t set y = '3'`)).toEqual(['rich', 'Rich', '3', 3, 'r']);
    });

    it('a pending row is filled in all of them', async () => {
      await client.query(`update t set _bellows_1 = 'P'`);
      await client.query(
        'alter table t disable trigger "~bellows_1_u"; update t set nx = null, ny = null; alter table t enable always trigger "~bellows_1_u"',
      );
      expect(await one(`update t set nx = 'Z'`)).toEqual(['z', 'Z', '1', 1, 'r']);
    });
  });

  it('without a reverse the old side stays as it was', async () => {
    await users(client);
    const plan = await install(client, {
      table: 'users',
      groups: [{ forward: SPLIT.forward }],
      restores: false,
    });
    const one = async (sql: string) =>
      (await rows(`${sql} returning full_name, first_name, last_name, _bellows_1`))[0];
    expect(await one(`update users set last_name = 'Smith' where id = 1`)).toEqual([
      'Ann Lee1',
      'Ann',
      'Smith',
      'r',
    ]);
    expect(await one(`update users set full_name = 'Bob Ray' where id = 1`)).toEqual([
      'Bob Ray',
      'Bob',
      'Ray',
      'f',
    ]);
    await client.query(batchSql(plan));
    expect(await rows(`select _bellows_1, count(*) from users group by 1 order by 1`)).toEqual([
      ['d', '4'],
      ['f', '1'],
    ]);
  });

  it('where nothing is to be given back, a batch does not call the function', async () => {
    await client.query(
      `create table t (id int primary key, o int); insert into t values (1, 1); alter table t add column n int`,
    );
    const plan = await install(client, { table: 't', groups: [{ forward: { n: 'o' } }], restores: false });
    await client.query(`set track_functions = 'all'`);
    await client.query('begin');
    await client.query(batchSql(plan));
    expect(await rows('select coalesce(sum(calls), 0)::int from pg_stat_xact_user_functions')).toEqual([[0]]);
    await client.query('update t set o = 2');
    expect(await rows('select coalesce(sum(calls), 0)::int from pg_stat_xact_user_functions')).toEqual([[1]]);
    await client.query('commit');
  });
});
