/** Shapes that need more than an order: circles, privileges, what nobody knows, what goes on meanwhile. */
import { describe, expect, it } from 'vitest';
import { statementsOf } from '#everyday/dump/catalogue';
import { readParts } from '#everyday/dump/read';
import { createDatabase as open } from '#postgres/database';
import { startPostgres } from '#servers/postgres';
import { connect, useDatabase, withDatabase } from '../../support/database.js';
import { TEST_SETTINGS } from '../../support/provided.js';
import { until } from '../../support/until.js';
import { catalogueFacts, differences, NONE } from './catalogue-facts.js';
import { dumped, execute, loaded } from './dumping.js';
import { everything } from './everything.js';

const used = useDatabase();

async function comesBack(grants = false): Promise<string> {
  const text = await dumped(used.url, grants);
  await withDatabase(async (copy) => {
    await loaded(copy.url, text);
    expect(differences(await catalogueFacts(used.url), await catalogueFacts(copy.url))).toEqual(NONE);
    expect(await dumped(copy.url, grants)).toBe(text);
  });
  return text;
}

describe('circles', () => {
  it('a default that needs a function that needs the table', async () => {
    await execute(
      used.url,
      `create table t (id int primary key, n int check (n > 0));
       create function next_id() returns int begin atomic select coalesce(max(id), 0) + 1 from t; end;
       alter table t alter id set default next_id();
       create function fine(t) returns boolean language sql immutable as 'select true';
       alter table t add constraint all_fine check (fine(t.*));`,
    );
    const text = await comesBack();
    expect(text).toMatch(
      /CREATE TABLE[\s\S]*CREATE FUNCTION public\.next_id[\s\S]*SET DEFAULT public\.next_id\(\)/,
    );
  });

  it('a check of a domain that needs a function of the domain', async () => {
    await execute(
      used.url,
      `create domain d as int;
       create function small(d) returns boolean language sql immutable as 'select true';
       alter domain d add constraint is_small check (small(value));`,
    );
    await comesBack();
  });

  it('a view that needs a function that needs the view', async () => {
    await execute(
      used.url,
      `create table t (id int, at timestamptz(3), name text collate "C");
       create view v as select * from t;
       create function f() returns bigint begin atomic select count(*) from v; end;
       create or replace view v as select id, at, name from t where f() > 0;`,
    );
    await comesBack();
  });

  it('tables that refer to each other, and a view that groups by a key', async () => {
    await execute(
      used.url,
      `create table a (id int primary key, b int, name text);
       create table b (id int primary key, a int references a);
       alter table a add foreign key (b) references b;
       create view counted as select a.id, a.name, count(*) from a join b on b.a = a.id group by a.id;`,
    );
    await comesBack();
  });
});

describe('what is not written', () => {
  it('is an error that names it, never a loss', async () => {
    await execute(used.url, `create conversion public.mine for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8`);
    await expect(dumped(used.url)).rejects.toMatchObject({
      code: 'BELLOWS_DUMP_UNKNOWN',
      message: expect.stringContaining('conversion public.mine'),
      text: { next: 'bellows dump --provider pg_dump' },
    });
  });

  it('holds no password of a user mapping, and says that it left it out', async () => {
    await execute(
      used.url,
      `create foreign data wrapper w; create server s foreign data wrapper w;
       create user mapping for public server s options (password 'hunter2')`,
    );
    const database = open({ url: used.url, applicationName: 'bellows test' });
    const source = { database, databaseUrl: used.url, migrationsTable: 'schema_migrations' };
    const parts = await readParts(source, { provider: 'catalogue', grants: false });
    await database.close();
    expect(parts.body).not.toContain('hunter2');
    expect(parts.leftOut).toEqual(['user mapping of public on server s: it may hold a password']);
  });

  it('is an index that a failed build left invalid', async () => {
    await execute(used.url, 'create table t (n int); insert into t values (1), (1)');
    const client = await connect(used.url);
    await expect(client.query('create unique index concurrently broken on t (n)')).rejects.toThrow();
    expect(await dumped(used.url)).not.toContain('broken');
  });
});

describe('privileges', () => {
  it('come back where they are asked for, and are not there otherwise', async () => {
    const role = `reader_${used.name}`;
    await execute(
      used.url,
      `create role ${role};
       create schema app;
       create table app.t (id int generated always as identity, secret text);
       create sequence app.s;
       create function app.f() returns int language sql as 'select 1';
       create procedure app.p() language sql as 'select 1';
       create type app.e as enum ('a');
       create domain app.d as int;
       grant usage on schema app to ${role};
       grant select on app.t to ${role} with grant option;
       grant insert on app.t to public;
       grant update (secret) on app.t to ${role};
       grant usage on sequence app.s to ${role};
       revoke execute on function app.f() from public;
       grant execute on procedure app.p() to ${role};
       revoke usage on type app.e from public;
       grant create on schema public to ${role};
       alter default privileges in schema app grant select on tables to ${role};
       alter default privileges revoke execute on functions from public;`,
    );
    try {
      expect(await dumped(used.url)).not.toMatch(/GRANT|REVOKE|ALTER DEFAULT/);
      const text = await comesBack(true);
      expect(text).toContain(`GRANT SELECT ON TABLE app.t TO ${role} WITH GRANT OPTION;`);
      expect(text).toContain(`GRANT UPDATE (secret) ON TABLE app.t TO ${role};`);
      expect(text).toContain('REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC;');
      await withDatabase(async (copy) => {
        await loaded(copy.url, text);
        expect(await privileges(copy.url)).toEqual(await privileges(used.url));
      });
    } finally {
      await execute(used.url, `drop owned by ${role}; drop role ${role}`);
    }
  });
});

async function privileges(url: string): Promise<readonly unknown[]> {
  const client = await connect(url);
  const { rows } = await client.query(
    `select o.what, a.grantee::regrole::text, a.privilege_type, a.is_grantable
     from (
       select 'relation ' || relname as what, coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)) as acl
       from pg_class where oid >= 16384 and relkind in ('r', 'S')
       union all select 'schema ' || nspname, nspacl from pg_namespace where nspname in ('app', 'public')
       union all select 'routine ' || proname, coalesce(proacl, acldefault('f', proowner)) from pg_proc where oid >= 16384
       union all select 'type ' || typname, coalesce(typacl, acldefault('T', typowner)) from pg_type where oid >= 16384 and typname in ('e', 'd')
       union all select 'column ' || attname, attacl from pg_attribute where attrelid >= 16384
       union all select 'default ' || defaclobjtype::text || defaclnamespace::regnamespace, defaclacl from pg_default_acl
     ) o, aclexplode(o.acl) a
     order by 1, 2, 3, 4`,
  );
  await client.end();
  return rows;
}

describe('surroundings', () => {
  it('extensions with all that they bring, and what is built on it', async () => {
    await execute(used.url, 'create schema ext');
    const client = await connect(used.url);
    // Procedural languages need their interpreter on the machine.
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(name) as name from pg_available_extensions where name !~ 'pl(perl|python|tcl|pgsql)' order by name`,
    );
    for (const { name } of rows) await client.query(`create extension ${name} schema ext`).catch(skipMissing);
    await client.end();
    await execute(
      used.url,
      `create table t (a ext.citext, b ext.hstore default 'a=>1'::ext.hstore, e ext.earth);
       create index on t using gin (b ext.gin_hstore_ops);
       create view v as select * from ext.pg_stat_statements;`,
    );
    expect(rows.length).toBeGreaterThan(20);
    expect(await comesBack()).toContain('CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA ext;');
  });

  it('a schema public that was dropped, or made anew, makes no difference', async () => {
    const made = 'create schema app create table t (id serial); create table public.u (id int)';
    await execute(used.url, made);
    const text = await dumped(used.url);
    await withDatabase(async (other) => {
      await execute(other.url, `drop schema public; create schema public; ${made}`);
      expect(await dumped(other.url)).toBe(text);
      await execute(other.url, 'drop schema public cascade');
      expect(await dumped(other.url)).not.toContain('public');
    });
  });

  it('a role that is no superuser, and may not read every table', async () => {
    const role = `plain_${used.name}`;
    await execute(used.url, `create role ${role} login; ${everything(18)}`);
    const url = new URL(used.url);
    url.username = role;
    try {
      expect(await dumped(url.href)).toBe(await dumped(used.url));
    } finally {
      await execute(used.url, `drop role ${role}`);
    }
  });
});

/** Depends on another one of the list, which is made later on, or is there already through another's CASCADE. */
function skipMissing(error: unknown): void {
  if (
    !(error instanceof Error && 'code' in error && ['42704', '58P01', '42710'].includes(String(error.code)))
  )
    throw error;
}

describe('two servers of one version', () => {
  it('give the same file for the same schema', async () => {
    await execute(used.url, everything(18));
    const other = await startPostgres({ settings: TEST_SETTINGS });
    try {
      await execute(other.url, everything(18));
      expect(await dumped(other.url)).toBe(await dumped(used.url));
    } finally {
      await other.stop('immediate');
    }
  });
});

describe('while others work', () => {
  it('holds no lock beyond ACCESS SHARE, and writes nothing', async () => {
    await execute(used.url, everything(18));
    const database = open({ url: used.url, applicationName: 'bellows test' });
    const locks = await database.transaction({ readOnly: true, snapshot: true }, async (session) => {
      await session.query(`set local search_path = ''`);
      await statementsOf(session, { grants: true });
      return session.query(
        `select distinct mode from pg_locks where pid = pg_backend_pid() and locktype <> 'virtualxid'`,
      );
    });
    await database.close();
    expect(locks).toEqual([{ mode: 'AccessShareLock' }]);
  });

  it('waits for DDL that is under way', async () => {
    await execute(used.url, 'create table t (id int)');
    expect(await whileChanging('alter table t add column late text')).toContain('late text');
  });

  it('begins anew when a table was dropped between the list and the lock', async () => {
    await execute(used.url, 'create table t (id int); create table gone (id int)');
    expect(await whileChanging('drop table gone')).not.toContain('gone');
  });
});

/** The dump of a database in which somebody commits `ddl` while the dump waits for his lock. */
async function whileChanging(ddl: string): Promise<string> {
  const [changing, watching] = [await connect(used.url), await connect(used.url)];
  await changing.query('begin');
  await changing.query(ddl);
  const file = dumped(used.url);
  const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'lock table%' and datname = $1`;
  await until(async () => (await watching.query(waits, [used.name])).rows.length > 0, {
    what: 'the dump to wait for the lock',
  });
  await changing.query('commit');
  return file;
}

describe('the comparison of catalogues', () => {
  it('sees what little was changed', async () => {
    await execute(used.url, everything(18));
    let before = await catalogueFacts(used.url);
    for (const change of CHANGES) {
      await execute(used.url, change);
      const after = await catalogueFacts(used.url);
      expect(differences(before, after), change).not.toEqual(NONE);
      before = after;
    }
  });
});

const CHANGES = [
  'alter table app.users alter n set statistics 7',
  'alter table app.users alter full_name set storage main',
  `comment on column app.users.n is 'other'`,
  'alter table app.users disable trigger t2',
  'alter table app.part_d enable trigger tp',
  'alter sequence app.counter cache 8',
  'alter index app.users_lower set (fillfactor = 50)',
  'drop policy p2 on app.users',
  `alter type app.mood add value 'new' before 'ok'`,
  'alter function app.trg() volatile cost 5',
];
