import { expect, it } from 'vitest';
import { twoWays, useProjects, values } from './stage.js';

const projects = useProjects();
const A = '20240101000000_a';

interface Case {
  readonly what: string;
  readonly table: string;
  readonly from: string;
  readonly to: string;
  readonly sql: string;
  readonly rows: number;
}

const CASES: readonly Case[] = [
  {
    what: 'a uuid key',
    table: 'items',
    from: 'a',
    to: 'a2',
    sql: `create table items (id uuid primary key default gen_random_uuid(), a text not null);
      insert into items (a) select 'v' || i from generate_series(1, 1500) i`,
    rows: 1500,
  },
  {
    what: 'a composite key',
    table: 'items',
    from: 'a',
    to: 'a2',
    sql: `create table items (x integer, y text, a text, primary key (x, y));
      insert into items select i % 30, 'y' || i, 'v' || i from generate_series(1, 1500) i`,
    rows: 1500,
  },
  {
    what: 'no key, and equal rows',
    table: 'items',
    from: 'a',
    to: 'a2',
    sql: `create table items (a text); insert into items select 'v' || i % 3 from generate_series(1, 1500) i`,
    rows: 1500,
  },
  {
    what: 'an identity that is always generated',
    table: 'items',
    from: 'a',
    to: 'a2',
    sql: `create table items (id bigint generated always as identity primary key, a text, double bigint generated always as (id * 2) stored);
      insert into items (a) select 'v' || i from generate_series(1, 1500) i`,
    rows: 1500,
  },
  {
    what: 'partitions, of two levels, one of them empty',
    table: 'items',
    from: 'a',
    to: 'a2',
    sql: `create table items (id bigint not null, a text, primary key (id)) partition by range (id);
      create table items_1 partition of items for values from (0) to (700);
      create table items_2 partition of items for values from (700) to (2000) partition by range (id);
      create table items_2a partition of items_2 for values from (700) to (1000);
      create table items_2b partition of items_2 for values from (1000) to (2000);
      create table items_3 partition of items default;
      insert into items select i, 'v' || i from generate_series(1, 1500) i`,
    rows: 1500,
  },
  {
    what: 'no rows',
    table: 'items',
    from: 'a',
    to: 'a2',
    sql: 'create table items (id bigint primary key, a text)',
    rows: 0,
  },
  {
    what: 'names that must be quoted, in a schema of its own',
    table: 'Odd Shop.Order Items',
    from: 'select',
    to: `Neu "x" für 'alle'`,
    sql: `create schema "Odd Shop"; create table "Odd Shop"."Order Items" ("Id" bigint primary key, "select" text);
      insert into "Odd Shop"."Order Items" select i, 'v' || i from generate_series(1, 1500) i`,
    rows: 1500,
  },
  {
    what: 'dead rows between the living',
    table: 'items',
    from: 'a',
    to: 'a2',
    sql: `create table items (id bigint primary key, a text) with (autovacuum_enabled = off);
      insert into items select i, 'v' || i from generate_series(1, 6000) i;
      delete from items where id % 4 > 0; update items set a = 'w' || id where id % 8 = 0`,
    rows: 1500,
  },
];

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

it.each(CASES)(
  '$what: to the end, every row once',
  { timeout: 60_000 },
  async ({ table, from, to, sql, rows }) => {
    const { bellows, client } = await projects.open({
      [A]: twoWays(table, from, to, `dropColumn(${JSON.stringify(from)})`),
    });
    await client.query(sql);
    const place = table.split('.').map(quoted).join('.');
    const before = await values<string>(client, `select ${quoted(from)} as value from ${place} order by 1`);
    const { migrations } = await bellows.up();
    expect(migrations[0]).toMatchObject({ state: 'gated', backfill: { rowsDone: rows } });
    if (rows > 0)
      await client.query(
        `update ${place} set ${quoted(to)} = 'LAST' where (tableoid, ctid) = (select tableoid, ctid from ${place} where ${quoted(from)} = '${before.at(-1)}' limit 1)`,
      );
    await bellows.approve(A, { reason: 'done' });
    expect((await bellows.contract(A)).state).toBe('done');
    const after = await values<string>(client, `select ${quoted(to)} as value from ${place} order by 1`);
    const expected = before.map((value) => value.toUpperCase());
    expected.splice(-1, 1, ...(rows > 0 ? ['LAST'] : []));
    expect([...after].sort()).toEqual(expected.sort());
    expect(
      await values(
        client,
        `select attname::text as value from pg_attribute where attrelid = '${place.replaceAll("'", "''")}'::regclass and attnum > 0 and not attisdropped and attname ~ 'bellows'`,
      ),
    ).toEqual([]);
    expect(
      await values(
        client,
        `select tgname::text as value from pg_trigger where not tgisinternal and tgname ~ 'bellows'`,
      ),
    ).toEqual([]);
  },
);
