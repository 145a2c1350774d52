import { describe, expect, it } from 'vitest';
import type { TableFacts } from '#core/catalogue-facts';
import type { Catalogue } from '#ports';
import { createCatalogue } from '#postgres/catalogue';
import { createDatabase } from '#postgres/database';
import type { Major } from '#servers/binaries';
import { connect, useDatabase } from '../support/database.js';

const named = (name: string) => ({ schema: 'public', name });

describe.each([14, 15, 18] as const)('the catalogue of %i', (major: Major) => {
  const used = useDatabase({ major });

  async function withCatalogue(setup: string, work: (catalogue: Catalogue) => Promise<void>): Promise<void> {
    await (await connect(used.url)).query(setup);
    const database = createDatabase({ url: used.url, applicationName: 'catalogue' });
    await work(createCatalogue(database)).finally(() => database.close());
  }

  async function facts(setup: string, name = 't'): Promise<TableFacts> {
    let found: TableFacts | null = null;
    await withCatalogue(setup, async (catalogue) => {
      found = await catalogue.table(named(name));
    });
    if (found === null) throw new Error(`no table ${name}`);
    return found;
  }

  it('knows the server', async () => {
    await withCatalogue(`alter database "${used.name}" set deadlock_timeout = '300ms'`, async (catalogue) => {
      const server = await catalogue.server();
      expect(Math.floor(server.versionNumber / 10_000)).toBe(major);
      expect(server).toMatchObject({
        deadlockTimeoutMs: 300,
        applicationDeadlockTimeoutMs: 300,
        canSkipTriggers: true,
        role: 'postgres',
      });
    });
  });

  it('says null of a table that is not there', async () => {
    await withCatalogue('select 1', async (catalogue) =>
      expect(await catalogue.table(named('t'))).toBeNull(),
    );
  });

  it('describes columns', async () => {
    const { columns, attributes } = await facts(`
      create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create domain positive as int check (value > 0);
      create type mood as enum ('sad', 'happy');
      create table t (
        id int generated always as identity primary key,
        gone int,
        name varchar(40) not null default 'x',
        loose text collate ci,
        amount numeric(10, 2) default 0,
        at timestamptz default now(),
        token uuid default gen_random_uuid(),
        ticket bigserial,
        tags text[] default '{}',
        mine positive,
        felt mood,
        fixed char(4),
        twice int generated always as (id * 2) stored
      );
      alter table t drop column gone`);
    expect(attributes).toBe(13);
    const brief = columns.map((c) => [
      c.name,
      c.type,
      c.notNull,
      c.default,
      c.defaultVolatile,
      c.generated,
      c.identity,
      c.plainEquality,
      c.builtInType,
    ]);
    expect(brief).toEqual([
      ['id', 'integer', true, null, false, false, 'always', true, true],
      ['name', 'character varying(40)', true, `'x'::character varying`, false, false, null, true, true],
      ['loose', 'text', false, null, false, false, null, false, true],
      ['amount', 'numeric(10,2)', false, '0', false, false, null, false, true],
      ['at', 'timestamp with time zone', false, 'now()', false, false, null, true, true],
      ['token', 'uuid', false, 'gen_random_uuid()', true, false, null, true, true],
      ['ticket', 'bigint', true, `nextval('public.t_ticket_seq'::regclass)`, true, false, null, true, true],
      ['tags', 'text[]', false, `'{}'::text[]`, false, false, null, false, true],
      ['mine', 'public.positive', false, null, false, false, null, true, false],
      ['felt', 'public.mood', false, null, false, false, null, true, false],
      ['fixed', 'character(4)', false, null, false, false, null, false, true],
      ['twice', 'integer', false, null, false, true, null, true, true],
    ]);
  });

  it('describes keys, indexes, constraints and triggers', async () => {
    const found = await facts(`
      create table parent (id int primary key);
      create table t (b int, a int, v text, primary key (a, b), constraint v_check check (v <> ''));
      alter table t add constraint fk foreign key (b) references parent not valid;
      create unique index expr on t (lower(v), a desc) where b > 3;
      create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger first before insert or update on t for each row execute function f();
      create trigger last after delete on t for each statement execute function f();
      alter table t enable always trigger first`);
    expect(found.primaryKey).toEqual(['a', 'b']);
    expect(found.indexes).toEqual([
      {
        name: 'expr',
        columns: ['a', 'b', 'v'],
        unique: true,
        valid: true,
        definition: 'CREATE UNIQUE INDEX expr ON public.t USING btree (lower(v), a DESC) WHERE (b > 3)',
      },
      {
        name: 't_pkey',
        columns: ['a', 'b'],
        unique: true,
        valid: true,
        definition: 'CREATE UNIQUE INDEX t_pkey ON public.t USING btree (a, b)',
      },
    ]);
    const constraints = found.constraints.filter(({ kind }) => kind !== 'not null');
    expect(constraints).toEqual([
      {
        name: 'fk',
        kind: 'foreign key',
        columns: ['b'],
        validated: false,
        definition: 'FOREIGN KEY (b) REFERENCES public.parent(id) NOT VALID',
      },
      {
        name: 't_pkey',
        kind: 'primary key',
        columns: ['a', 'b'],
        validated: true,
        definition: 'PRIMARY KEY (a, b)',
      },
      {
        name: 'v_check',
        kind: 'check',
        columns: ['v'],
        validated: true,
        definition: `CHECK ((v <> ''::text))`,
      },
    ]);
    expect(found.triggers.filter(({ internal }) => !internal)).toEqual([
      {
        name: 'first',
        timing: 'before',
        level: 'row',
        events: ['insert', 'update'],
        enabled: 'always',
        internal: false,
      },
      {
        name: 'last',
        timing: 'after',
        level: 'statement',
        events: ['delete'],
        enabled: 'origin',
        internal: false,
      },
    ]);
    expect(found.triggers.some(({ internal }) => internal)).toBe(true);
  });

  it('describes rights, publications and sizes', async () => {
    const role = `app_${used.name}`;
    const admin = await connect(used.url);
    await admin.query(`create role ${role}`);
    try {
      const found = await facts(`
        create table t (id int primary key, a int, b int);
        insert into t select i, i, i from generate_series(1, 1000) i;
        analyze t;
        grant insert on t to ${role};
        grant select (a), update (b) on t to ${role};
        grant select (b) on t to public;
        create publication pub for table t with (publish = 'insert, update');
        alter table t enable row level security`);
      expect(found).toMatchObject({
        writers: [role, 'postgres'].sort(),
        estimatedRows: 1000,
        hasReplicaIdentity: true,
        rowSecurity: true,
        owned: true,
        refusals: [],
        kind: 'table',
      });
      expect(found.bytes).toBeGreaterThan(8192);
      expect(found.publications).toEqual([{ name: 'pub', columnList: false, updates: true }]);
      expect(found.columnGrants).toEqual([
        { column: 'a', grantee: role, privilege: 'SELECT', grantable: false },
        { column: 'b', grantee: 'PUBLIC', privilege: 'SELECT', grantable: false },
        { column: 'b', grantee: role, privilege: 'UPDATE', grantable: false },
      ]);
    } finally {
      await admin.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('describes partitions', async () => {
    const found = await facts(`
      create table t (id int, region text, at date) partition by range (id, (lower(region)));
      create table t_low partition of t for values from (0, 'a') to (10, 'a') partition by list (at);
      create table t_low_x partition of t_low default;
      create table t_high partition of t for values from (10, 'a') to (20, 'a')`);
    expect(found).toMatchObject({
      kind: 'partitioned',
      partitionKey: ['at', 'id', 'region'],
      estimatedRows: null,
      hasReplicaIdentity: false,
    });
    expect(found.leaves.map(({ table, foreign }) => [table.name, foreign])).toEqual([
      ['t_high', false],
      ['t_low_x', false],
    ]);
  });

  it('knows which functions are volatile, and where they stand', async () => {
    await withCatalogue(
      `create schema app; create function app.noise() returns int language sql volatile as 'select 1'`,
      async (catalogue) => {
        expect(
          await catalogue.routines(['lower', 'app.noise', 'random', 'no_such', 'pg_catalog.upper']),
        ).toEqual([
          { name: 'app.noise', schemas: ['app'], volatile: true },
          { name: 'lower', schemas: ['pg_catalog'], volatile: false },
          { name: 'pg_catalog.upper', schemas: ['pg_catalog'], volatile: false },
          { name: 'random', schemas: ['pg_catalog'], volatile: true },
        ]);
      },
    );
  });

  it('names types as the server prints them', async () => {
    await withCatalogue('create domain positive as int check (value > 0)', async (catalogue) => {
      const asked = [
        'varchar(10)',
        'numeric(10,2)',
        'timestamptz(3)',
        'int',
        'text[]',
        'varchar(5)[]',
        'char(5)',
        'bit(3)',
        'interval day to second(3)',
        'positive',
      ];
      expect(await Promise.all(asked.map((type) => catalogue.typeName(type)))).toEqual([
        'character varying(10)',
        'numeric(10,2)',
        'timestamp(3) with time zone',
        'integer',
        'text[]',
        'character varying(5)[]',
        'character(5)',
        'bit(3)',
        'interval day to second(3)',
        'public.positive',
      ]);
      const unknown = ['no_such', 'serial', 'int; drop table x', 'varchar(', '', `text) as c; --`];
      expect(await Promise.all(unknown.map((type) => catalogue.typeName(type)))).toEqual(
        unknown.map(() => null),
      );
      expect(
        await catalogue.builtInTypes(['pg_catalog.int4', 'text', 'public.positive', 'positive', 'text[]']),
      ).toEqual(['pg_catalog.int4', 'text', 'text[]']);
    });
  });

  it.each([
    [`'x'`, false],
    ['now()', false],
    ['null', false],
    [`lower('A') || current_date`, false],
    ['1 -- a comment', false],
    ['random()', true],
    ['gen_random_uuid()', true],
    ['greatest(1, (random() * 10)::int)', true],
    // Never reached, and the server sees that.
    ['coalesce(1, (random() * 10)::int)', false],
    ['app_steady()', false],
    ['app_noise()', true],
    [`5::positive`, false],
  ])('asks the server whether %s is volatile', async (expression, expected) => {
    await withCatalogue(
      `create function app_noise() returns int language plpgsql volatile as 'begin return 1; end';
       create function app_steady() returns int language sql stable as 'select 1';
       create domain positive as int check (value > 0)`,
      async (catalogue) => expect(await catalogue.isVolatile(expression)).toBe(expected),
    );
  });

  it('explains an expression that cannot be a default', async () => {
    await withCatalogue('create table t (a int)', async (catalogue) => {
      await expect(catalogue.isVolatile('no_such()')).rejects.toMatchObject({
        code: 'BELLOWS_DEFINITION',
        data: { sqlstate: '42883' },
      });
      await expect(catalogue.isVolatile('(select 1)')).rejects.toMatchObject({ code: 'BELLOWS_DEFINITION' });
      await expect(catalogue.isVolatile(`'secret'::int`)).rejects.toMatchObject({
        code: 'BELLOWS_DEFINITION',
        text: { why: expect.not.stringContaining('"secret"') },
      });
      expect((await catalogue.table(named('t')))?.columns).toHaveLength(1);
    });
  });
});

describe('on 18', () => {
  const used = useDatabase({ major: 18 });

  it('does not take a NOT NULL that is not validated for one', async () => {
    const client = await connect(used.url);
    await client.query(
      'create table t (a int, b int not null); alter table t add constraint nn not null a not valid',
    );
    const database = createDatabase({ url: used.url, applicationName: 'catalogue' });
    const before = await createCatalogue(database).table(named('t'));
    await client.query('alter table t validate constraint nn');
    const after = await createCatalogue(database).table(named('t'));
    await database.close();
    expect(before?.columns.map(({ notNull }) => notNull)).toEqual([false, true]);
    expect(after?.columns.map(({ notNull }) => notNull)).toEqual([true, true]);
  });
});
