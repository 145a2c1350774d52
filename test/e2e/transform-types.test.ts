/** What a transform gives for columns of all kinds, compared by the server with what was meant. */
import { expect, it } from 'vitest';
import { migration, useProjects, values } from './stage.js';

const projects = useProjects();
const ID = '20240101000000_of_all_kinds';

/** Type of a column, what the transform gives as TypeScript, and the same in SQL. */
const KINDS: readonly (readonly [type: string, given: string, meant: string])[] = [
  ['text', `'a "b" \\\\ {c,d} NULL'`, `e'a "b" \\\\ {c,d} NULL'`],
  ['text', `'NULL'`, `'NULL'`],
  ['text', `''`, `''`],
  ['text', `null`, `null`],
  ['text', `{ a: [1, 'x'] }`, `'{"a":[1,"x"]}'`],
  ['text', `'é\\u{1f525}\\n'`, `e'é\\U0001f525\\n'`],
  ['varchar(3)', `'abc  '`, `'abc'`],
  ['char(5)', `'ab'`, `'ab'`],
  ['"char"', `'x'`, `'x'`],
  ['name', `'users'`, `'users'`],
  ['bytea', `new Uint8Array([0, 92, 255])`, `'\\x005cff'`],
  ['boolean', `true`, `true`],
  ['smallint', `-7`, `-7`],
  ['bigint', `9007199254740993n`, `9007199254740993`],
  ['numeric(10,2)', `'1.005'`, `1.01`],
  ['numeric', `1e21`, `1e21`],
  ['double precision', `Number.NaN`, `'NaN'`],
  ['real', `-Infinity`, `'-Infinity'`],
  ['date', `new Date(0)`, `'1970-01-01'`],
  ['timestamptz(0)', `new Date(1600)`, `'1970-01-01 00:00:02+00'`],
  ['timestamp', `new Date(0)`, `'1970-01-01'`],
  ['time(1)', `'12:00:00.06'`, `'12:00:00.1'`],
  ['interval', `'1 day -2 hours'`, `'1 day -2 hours'`],
  ['interval hour', `'90 minutes'`, `'1 hour'`],
  ['bit(3)', `'101'`, `'101'`],
  ['uuid', `'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`, `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`],
  ['inet', `'10.0.0.1/8'`, `'10.0.0.1/8'`],
  ['box', `'(1,2),(3,4)'`, `'(1,2),(3,4)'`],
  ['int4range', `'[1,5)'`, `'[1,5)'`],
  ['jsonb', `{ a: [1, null, 'x'] }`, `'{"a": [1, null, "x"]}'`],
  ['jsonb', `'a string'`, `'"a string"'`],
  ['jsonb', `null`, `null`],
  ['text[]', `['a', null, 'c,"d"']`, `array['a', null, 'c,"d"']`],
  ['numeric(4,1)[]', `[[1.25, 2], [3, 4]]`, `'{{1.3,2.0},{3.0,4.0}}'`],
  ['mood', `'glad'`, `'glad'`],
  ['short', `'abcd'`, `'abcd'`],
  ['pair', `{ x: 1, y: 'z' }`, `row(1, 'z')`],
];

const name = (at: number) => `c${at}`;

function file(order: string): string {
  const columns = KINDS.map(([type], at) => `addColumn('${name(at)}', '${type}')`);
  const given = KINDS.map(([, value], at) => `${name(at)}: ${value}`);
  return migration(`{
    description: 'Columns of all kinds',
    table: 'events',
    expand: [${columns.join(', ')}],
    backfill: {
      read: ['payload'],
      ${order}
      write: ${JSON.stringify(KINDS.map((_, at) => name(at)))},
      transform: (rows) => rows.map(() => ({ ${given.join(', ')} })),
    },
    contract: [],
  }`);
}

it.each(['', `order: 'newest first',`])('arrives as it was given %s', async (order) => {
  const { bellows, client } = await projects.open({ [ID]: file(order) });
  await client.query(`
    create type mood as enum ('glad', 'sad');
    create domain short as varchar(4);
    create type pair as (x integer, y text);
    create table events (id bigint primary key, payload text);
    insert into events select i, 'x' from generate_series(1, 300) i`);
  await bellows.up({ until: 'gated' });
  const wrong = KINDS.map(
    ([type, , meant], at) =>
      `select distinct '${name(at)}: ${type}' as value, ${name(at)}::text as found
       from events where ${name(at)}::text is distinct from (${meant}::${type})::text`,
  );
  expect((await client.query(wrong.join(' union all '))).rows).toEqual([]);
  expect(await values(client, `select sum(rows)::integer as value from bellows.batches`)).toEqual([300]);
});

it('puts aside the rows alone whose text the server cannot hold, or whose column is too short for it', async () => {
  const text = migration(`{
    description: 'Texts that are refused',
    table: 'events',
    expand: [addColumn('kind', 'varchar(3)')],
    backfill: {
      read: ['id'],
      write: ['kind'],
      transform: (rows) => rows.map(({ id }) => ({ kind: { 7: 'a\\u0000', 8: '\\ud800', 9: 'abcd', 10: '\\ud801' }[Number(id)] ?? 'ok' })),
    },
    contract: [],
  }`);
  const { bellows, client } = await projects.open({ [ID]: text });
  await client.query(`
    create table events (id bigint primary key);
    insert into events select i from generate_series(1, 300) i`);
  await bellows.up({ until: 'gated' });
  const { rows } = await client.query(
    `select (row_key ->> 'id')::integer as id, sqlstate, reason from bellows.quarantine order by 1`,
  );
  expect(rows).toEqual([
    { id: 7, sqlstate: '22021', reason: expect.any(String) },
    { id: 8, sqlstate: '00000', reason: 'transform_unwritable' },
    { id: 9, sqlstate: '22001', reason: expect.any(String) },
    { id: 10, sqlstate: '00000', reason: 'transform_unwritable' },
  ]);
  expect(await values(client, `select count(*)::integer as value from events where kind = 'ok'`)).toEqual([
    296,
  ]);
});

it('puts aside rows that cannot be written although no other row is at fault', async () => {
  const text = migration(`{
    description: 'Half a sign',
    table: 'events',
    expand: [addColumn('kind', 'text')],
    backfill: { read: ['id'], write: ['kind'], transform: (rows) => rows.map(({ id }) => ({ kind: Number(id) < 3 ? '\\ud800' : 'ok' })) },
    contract: [],
  }`);
  const { bellows, client } = await projects.open({ [ID]: text });
  await client.query(
    'create table events (id bigint primary key); insert into events select generate_series(1, 300)',
  );
  await bellows.up({ until: 'gated' });
  expect((await bellows.quarantine.list(ID)).map(({ reason }) => reason)).toEqual([
    'transform_unwritable',
    'transform_unwritable',
  ]);
  expect(
    await values(client, `select id::integer as value from events where kind is null order by 1`),
  ).toEqual([1, 2]);
});
