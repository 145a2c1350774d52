import { describe, expect, it } from 'vitest';
import { createCatalogue } from '#postgres/catalogue';
import { createDatabase } from '#postgres/database';
import type { Major } from '#servers/binaries';
import { connect, useDatabase } from '../support/database.js';

const SETUP = `
  create schema bellows;
  create function bellows.sync() returns trigger language plpgsql as 'begin return new; end';
  create function app() returns trigger language plpgsql as 'begin return new; end';
  create table t (id int primary key, a text, b int default 1);
  create index t_a on t (a);
  create trigger sync before update on t for each row execute function bellows.sync();
  create trigger app before update on t for each row execute function app();
  create table p (id int) partition by range (id);
  create table p1 partition of p for values from (0) to (9)`;

describe.each([14, 18] as const)('the fingerprint on %i', (major: Major) => {
  const used = useDatabase({ major });

  async function changes(statement: string): Promise<boolean> {
    const client = await connect(used.url);
    await client.query(SETUP);
    const database = createDatabase({ url: used.url, applicationName: 'fingerprint' });
    const take = () =>
      createCatalogue(database).fingerprint([
        { schema: 'public', name: 't' },
        { schema: 'public', name: 'p' },
      ]);
    try {
      const before = await take();
      expect(before).toMatch(/^[0-9a-f]{64}$/);
      await client.query(statement);
      return (await take()) !== before;
    } finally {
      await database.close();
    }
  }

  it.each([
    ['alter table t add column c int'],
    ['alter table t alter column b set default 2'],
    ['alter table t alter column a set not null'],
    ['alter table t alter column a type varchar(5)'],
    [`alter table t add constraint c check (a <> '') not valid`],
    ['create index t_b on t (b)'],
    ['drop index t_a; create index t_a on t (a) where b > 1'],
    [`update pg_index set indisvalid = false where indexrelid = 't_a'::regclass`],
    ['alter table t disable trigger sync'],
    ['drop trigger sync on t'],
    [
      `create or replace function bellows.sync() returns trigger language plpgsql as 'begin return null; end'`,
    ],
    ['alter table t enable row level security'],
    ['create table p2 partition of p for values from (9) to (20)'],
    ['drop table t'],
  ])('changes with: %s', async (statement) => {
    expect(await changes(statement)).toBe(true);
  });

  it.each([
    [`insert into t values (1, 'x', 2); analyze t`],
    ['vacuum t'],
    ['create table other (id int references t)'],
    ['alter table t alter column a set statistics 500'],
    [`create or replace function app() returns trigger language plpgsql as 'begin return null; end'`],
    ['drop index t_a; create index t_a on t (a)'],
  ])('does not change with: %s', async (statement) => {
    expect(await changes(statement)).toBe(false);
  });

  it('does not depend on the order of the tables, nor on the search_path', async () => {
    const client = await connect(used.url);
    await client.query(SETUP);
    const [t, p] = [
      { schema: 'public', name: 't' },
      { schema: 'public', name: 'p' },
    ];
    const one = createDatabase({ url: used.url, applicationName: 'fingerprint' });
    const first = await createCatalogue(one)
      .fingerprint([t, p, t])
      .finally(() => one.close());
    await client.query(`alter database "${used.name}" set search_path = pg_catalog`);
    const two = createDatabase({ url: used.url, applicationName: 'fingerprint' });
    const second = await createCatalogue(two)
      .fingerprint([p, t])
      .finally(() => two.close());
    expect(second).toBe(first);
  });
});
