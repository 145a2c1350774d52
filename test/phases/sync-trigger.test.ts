import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ANNOUNCE } from '#phases/expand/marker';
import { dropSyncActions, syncTriggerActions } from '#phases/expand/sync-trigger';
import { connect, createDatabase, type TestDatabase } from '../support/database.js';
import { batchSql, install, MAJORS, planFor, run, type Setup, SPLIT, users } from './sync-trigger-fixture.js';

const SETUP: Setup = { table: 'users', groups: [SPLIT], requiredLater: ['first_name', 'last_name'] };

describe.each(MAJORS)('sync trigger on PostgreSQL %i', (major) => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createDatabase({ major });
  });
  afterAll(async () => {
    await database.drop();
  });
  beforeEach(async () => {
    client = await connect(database.url);
    await client.query(`
      drop schema public cascade; create schema public; grant all on schema public to public;
      drop schema if exists bellows cascade`);
  });

  async function rows(sql: string): Promise<unknown[][]> {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  }
  const names = (where = 'true') =>
    rows(`select full_name, first_name, last_name, _bellows_1 from users where ${where} order by id`);
  const change = async (sql: string) =>
    (await rows(`${sql} returning full_name, first_name, last_name, _bellows_1`))[0];

  describe('a name split in two', () => {
    beforeEach(async () => {
      await users(client);
      await install(client, SETUP);
    });

    it.each([
      ['only old', `(full_name) values ('Bob Ray')`, ['Bob Ray', 'Bob', 'Ray', 'f']],
      ['only new', `(first_name, last_name) values ('Bob', 'Ray')`, ['Bob Ray', 'Bob', 'Ray', 'r']],
      ['one new', `(first_name) values ('Bob')`, ['Bob', 'Bob', null, 'r']],
      ['both', `(full_name, first_name, last_name) values ('X', 'Bob', 'Ray')`, ['X', 'Bob', 'Ray', 'b']],
      [
        'both, one new missing',
        `(full_name, first_name) values ('Ann Lee', 'Anna')`,
        ['Ann Lee', 'Anna', 'Lee', 'b'],
      ],
      [
        'a marker of its own',
        `(full_name, _bellows_1) values ('Bob Ray', 'd')`,
        ['Bob Ray', 'Bob', 'Ray', 'f'],
      ],
      ['an announcement', `(full_name, _bellows_1) values ('Bob Ray', 'Q')`, ['Bob Ray', 'Bob', 'Ray', 'f']],
    ])('insert: %s', async (_, values, expected) => {
      expect(await change(`insert into users ${values}`)).toEqual(expected);
    });

    it('insert of neither side fails as before', async () => {
      await expect(client.query(`insert into users (age) values (1)`)).rejects.toMatchObject({
        code: '23502',
      });
    });

    it('fills a pending row before one changed new column is laid over', async () => {
      expect(await change(`update users set last_name = 'Smith' where id = 3`)).toEqual([
        'Ann Smith',
        'Ann',
        'Smith',
        'r',
      ]);
    });

    it('does not take the NULL that was read from a pending row for a value', async () => {
      await client.query(batchSql(await planFor(client, SETUP)));
      expect(
        await change(`update users set first_name = null, last_name = null, age = 4 where id = 1`),
      ).toEqual(['Ann Lee1', 'Ann', 'Lee1', 'd']);
    });

    it('fills a pending row on any update', async () => {
      expect(await change('update users set age = 4 where id = 1')).toEqual(['Ann Lee1', 'Ann', 'Lee1', 'f']);
    });

    it.each([
      ['old', `full_name = 'Bob Ray'`, ['Bob Ray', 'Bob', 'Ray', 'f']],
      ['new', `first_name = 'Bob'`, ['Bob Lee1', 'Bob', 'Lee1', 'r']],
      ['both', `full_name = 'X', first_name = 'B', last_name = 'R'`, ['X', 'B', 'R', 'b']],
      ['both, one new stale', `full_name = 'Bob Ray', first_name = 'Rob'`, ['Bob Ray', 'Rob', 'Ray', 'b']],
      ['neither', 'age = 5', ['Ann Lee1', 'Ann', 'Lee1', 'd']],
      ['a stale marker', `_bellows_1 = 'p'`, ['Ann Lee1', 'Ann', 'Lee1', 'd']],
      ['a made-up marker', `_bellows_1 = 'x', age = 6`, ['Ann Lee1', 'Ann', 'Lee1', 'd']],
    ])('update of a backfilled row: %s', async (_, set, expected) => {
      await client.query(batchSql(await planFor(client, SETUP)));
      expect(await change(`update users set ${set} where id = 1`)).toEqual(expected);
    });

    it('gives back what other BEFORE triggers changed in a batch, and lets the application have it', async () => {
      await client.query(batchSql(await planFor(client, SETUP)));
      expect(await rows(`select distinct updated_at = '2000-01-01', _bellows_1 from users`)).toEqual([
        [true, 'd'],
      ]);
      await client.query('update users set age = 1');
      expect(await rows(`select distinct updated_at = '2000-01-01' from users`)).toEqual([[false]]);
    });

    it('turns announcements into what rows hold, and changes nothing else', async () => {
      await client.query(`update users set _bellows_1 = '${ANNOUNCE.refused}', age = 9 where id = 1`);
      await client.query(batchSql(await planFor(client, SETUP)));
      await client.query(`update users set _bellows_1 = '${ANNOUNCE.pending}', full_name = 'x' where id = 2`);
      expect(
        await rows('select id, full_name, age, first_name, _bellows_1 from users where id < 3 order by id'),
      ).toEqual([
        [1, 'Ann Lee1', null, null, 'q'],
        [2, 'Ann Lee2', null, 'Ann', 'p'],
      ]);
      expect(await rows(`select count(*) from users where updated_at <> '2000-01-01'`)).toEqual([['0']]);
      expect(await change('update users set age = 1 where id = 1')).toEqual(['Ann Lee1', 'Ann', 'Lee1', 'f']);
    });

    it('serves ON CONFLICT of old and new deploys', async () => {
      const upsert = (columns: string, values: string, set: string) =>
        change(
          `insert into users (id, ${columns}) values (1, ${values}) on conflict (id) do update set ${set}`,
        );
      expect(await upsert('full_name', `'Bob Ray'`, 'full_name = excluded.full_name')).toEqual([
        'Bob Ray',
        'Bob',
        'Ray',
        'f',
      ]);
      expect(
        await upsert(
          'first_name, last_name',
          `'Cy', 'Dee'`,
          'first_name = excluded.first_name, last_name = excluded.last_name',
        ),
      ).toEqual(['Cy Dee', 'Cy', 'Dee', 'r']);
    });

    it.runIf(major >= 15)('serves MERGE', async () => {
      await client.query(`merge into users u using (values (1, 'Bob Ray'), (99, 'Cy Dee')) v (id, n) on u.id = v.id
        when matched then update set full_name = v.n
        when not matched then insert (id, full_name) values (v.id, v.n)`);
      expect(await names('id in (1, 99)')).toEqual([
        ['Bob Ray', 'Bob', 'Ray', 'f'],
        ['Cy Dee', 'Cy', 'Dee', 'f'],
      ]);
    });

    it('fires in the replica role, and after every other trigger', async () => {
      await client.query(`create function upper_name() returns trigger language plpgsql as $$
        begin new.full_name := upper(new.full_name); return new; end $$;
        create trigger "zzzz~" before insert or update on users for each row execute function upper_name()`);
      expect(await change(`insert into users (full_name) values ('bob ray')`)).toEqual([
        'BOB RAY',
        'BOB',
        'RAY',
        'f',
      ]);
      await client.query('set session_replication_role = replica');
      expect(await change(`insert into users (full_name) values ('bob ray')`)).toEqual([
        'bob ray',
        'bob',
        'ray',
        'f',
      ]);
      expect(await change('update users set age = 1 where id = 1')).toEqual(['Ann Lee1', 'Ann', 'Lee1', 'f']);
    });

    it('is done and undone as its probes say', async () => {
      const plan = await planFor(client, SETUP);
      const created = syncTriggerActions(plan);
      const dropped = dropSyncActions(plan);
      const said = async (actions: typeof created) => {
        const answers: unknown[] = [];
        for (const action of actions) answers.push((await rows(action.probe ?? 'select null'))[0]?.[0]);
        return answers;
      };
      expect(await said(created)).toEqual([true, true, true, true]);
      expect(await said(dropped)).toEqual([false, false, false, false]);
      await run(client, dropped);
      expect(await said(created)).toEqual([false, false, false, false]);
      expect(await said(dropped)).toEqual([true, true, true, true]);
      await client.query(`insert into users (full_name) values ('Bob Ray')`);
    });
  });
});
