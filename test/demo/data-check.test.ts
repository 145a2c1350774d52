import { beforeAll, expect, it } from 'vitest';
import { checkData, type DataCheck, isRight } from '#demo/data-check';
import { loadTables } from '#demo/schema';
import { connect, useDatabase } from '../support/database.js';

const database = useDatabase({ per: 'file' });
const LOADED = { users: 1_000, orders: 500 };

/** The new shape as a migration would leave it, beside the old one. */
const BOTH_SHAPES = `
  alter table users add first_name varchar(100), add last_name varchar(100);
  alter table orders add status varchar(20);
  alter table users disable trigger user;
  update users
  set first_name = split_part(full_name, ' ', 1),
    last_name = substr(full_name, length(split_part(full_name, ' ', 1)) + 2);
  alter table users enable trigger user;
  update orders set status = old_status`;

beforeAll(async () => {
  const client = await connect(database.url);
  await loadTables(client, LOADED);
  await client.query(BOTH_SHAPES);
});

/** What the check says after some writes, which are then taken back. */
async function checkAfter(writes: string): Promise<DataCheck> {
  const client = await connect(database.url);
  await client.query('begin');
  await client.query(writes);
  const found = await checkData(client, { old: true });
  await client.query('rollback');
  return found;
}

it('finds nothing wrong with what was loaded', async () => {
  const found = await checkAfter('select');
  expect(found).toEqual({ rows: 1_500, written: 0, wrong: 0, missing: 0, disturbed: 0 });
  expect(isRight(found)).toBe(true);
});

it('follows the last writer, whichever shape it knows', async () => {
  const found = await checkAfter(`
    update users set full_name = 'Mira Noor', first_name = 'Mira', last_name = 'Noor' where id in (1, 2);
    insert into user_writes (user_id, full_name) values (1, 'An Earlier One'), (1, 'Mira Noor');
    insert into user_writes (user_id, first_name, last_name) values (2, 'Mira', 'Noor');
    insert into user_writes (user_id) values (2);
    update orders set old_status = 'paid', status = 'paid' where id in (3, 4);
    insert into order_writes (order_id, old_status) values (3, 'paid');
    insert into order_writes (order_id, old_status, status) values (4, 'paid', 'paid')`);
  expect(found).toEqual({ rows: 1_500, written: 4, wrong: 0, missing: 0, disturbed: 0 });
});

const MISTAKES: readonly (readonly [string, string, Partial<DataCheck>])[] = [
  [
    'a write of an old deploy that the new shape does not have',
    `update users set full_name = 'Mira Noor' where id = 1;
     insert into user_writes (user_id, full_name) values (1, 'Mira Noor')`,
    { wrong: 1 },
  ],
  [
    'a write of a new deploy that was overwritten with the old value',
    `insert into user_writes (user_id, first_name, last_name) values (1, 'Mira', 'Noor')`,
    { wrong: 1 },
  ],
  ['a new value that was never filled', 'update orders set status = null where id = 1', { wrong: 1 }],
  [
    'an old value that does not follow',
    `update orders set status = 'back' where id = 1;
     insert into order_writes (order_id, status) values (1, 'back')`,
    { wrong: 1 },
  ],
  [
    'an added row that is gone',
    `insert into user_writes (user_id, full_name) values (5000, 'Mira Noor')`,
    { missing: 1 },
  ],
  ['a row that somebody else updated', 'update users set role_id = 2 where id = 1', { disturbed: 1 }],
];

it.each(MISTAKES)('sees %s', async (_, writes, expected) => {
  const found = await checkAfter(writes);
  expect(found).toMatchObject({ wrong: 0, missing: 0, disturbed: 0, ...expected });
  expect(isRight(found)).toBe(false);
});
