import { describe, expect, it } from 'vitest';
import { createCatalogue } from '#postgres/catalogue';
import { createDatabase } from '#postgres/database';
import type { Major } from '#servers/binaries';
import { connect, useDatabase } from '../support/database.js';

const CASES: readonly (readonly [string, string, string])[] = [
  [
    'a parent of plain inheritance',
    'create table t (a int); create table u () inherits (t)',
    't is inherited by public.u',
  ],
  [
    'a child of plain inheritance',
    'create table u (a int); create table t () inherits (u)',
    't inherits from public.u',
  ],
  [
    'a partition',
    'create table p (a int) partition by list (a); create table t partition of p default',
    't is a partition of public.p',
  ],
  ['a view', 'create view t as select 1 as a', 't is a view'],
  ['a materialized view', 'create materialized view t as select 1 as a', 't is a materialized view'],
  [
    'a foreign table',
    'create foreign data wrapper w; create server s foreign data wrapper w; create foreign table t (a int) server s',
    't is a foreign table',
  ],
  [
    'a foreign partition',
    'create foreign data wrapper w; create server s foreign data wrapper w; create table t (a int) partition by list (a); create foreign table f partition of t default server s',
    'foreign partitions: public.f',
  ],
  ['an unlogged table', 'create unlogged table t (a int)', 't is unlogged'],
  ['a typed table', 'create type k as (a int); create table t of k', 'a table of type public.k'],
  [
    'a row type in use',
    'create table t (a int); create table u (x t, y t[])',
    'is used by public.u.x, public.u.y',
  ],
  ['a row type below a domain', 'create table t (a int); create domain d as t', 'is used by domain public.d'],
  [
    'no replica identity',
    'create table t (a int); create publication pub for table t',
    'published for updates by pub without a replica identity',
  ],
  [
    'no replica identity, below all tables',
    'create table t (a int); create publication pub for all tables',
    'published for updates by pub',
  ],
  [
    'a hypertable',
    `create table t (a int); create schema _timescaledb_catalog; create table _timescaledb_catalog.hypertable (schema_name name, table_name name); insert into _timescaledb_catalog.hypertable values ('public', 't')`,
    'TimescaleDB hypertable',
  ],
  [
    'too many columns',
    `create table t (a int); do $$ begin execute 'alter table t ' || (select string_agg(format('add column c%s int', i), ', ') from generate_series(1, 1500) i); end $$`,
    't has had 1501 columns',
  ],
];

describe.each([14, 18] as const)('refusals on %i', (major: Major) => {
  const used = useDatabase({ major });

  async function refusals(setup: string, url = used.url): Promise<readonly string[]> {
    await (await connect(used.url)).query(setup);
    const database = createDatabase({ url, applicationName: 'catalogue' });
    const facts = await createCatalogue(database)
      .table({ schema: 'public', name: 't' })
      .finally(() => database.close());
    return facts?.refusals ?? [];
  }

  it.each(CASES)('refuses %s', async (_, setup, expected) => {
    const found = await refusals(setup);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it.each([
    [
      'a plain table with other tables about',
      'create table t (id int primary key, a int); create table u (id int references t); create publication pub for table t',
    ],
    [
      'a partitioned table',
      'create table t (a int) partition by list (a); create table t1 partition of t default',
    ],
    [
      'a publication of inserts alone',
      `create table t (a int); create publication pub for table t with (publish = 'insert')`,
    ],
    ['a view over it', 'create table t (a int); create view v as select t, a from t'],
  ])('serves %s', async (_, setup) => {
    expect(await refusals(setup)).toEqual([]);
  });

  it('refuses an extension’s table', async () => {
    const setup = `create table t (a int); create extension pg_stat_statements; alter extension pg_stat_statements add table t`;
    expect(await refusals(setup)).toEqual([
      expect.stringContaining('belongs to extension pg_stat_statements'),
    ]);
  });

  it('refuses a table of somebody else', async () => {
    const admin = await connect(used.url);
    const role = `weak_${used.name}`;
    await admin.query(`create role ${role} login; grant create, usage on schema public to ${role}`);
    const url = new URL(used.url);
    url.username = role;
    try {
      expect(await refusals('create table t (a int)', url.href)).toEqual([
        expect.stringContaining('This role does not own t; postgres does.'),
      ]);
    } finally {
      await admin.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});
