/** What stands around a table, and must neither be lost nor lose a write: policies, grants, names, triggers, constraints. */
import type pg from 'pg';
import { expect, it } from 'vitest';
import { connect } from '../support/database.js';
import { migration, refusal, stateOf, useProjects, values } from './stage.js';

const ID = '20240101000000_m';
const DATA_ONLY = { config: `export default { environments: { ci: { gate: 'data-only' } } };`, env: 'ci' };
const LIMIT = { timeout: 30_000 };
const projects = useProjects();

const upper = (contract = '', value = 'upper(a)') =>
  migration(`{
    description: 'A second column',
    table: 't',
    expand: [addColumn('b', 'text')],
    backfill: { set: { b: sql\`${value}\` }, reverse: 'none' },
    contract: [${contract}],
  }`);

const TEN = `create table t (id int primary key, a text); insert into t select i, 'v' || i from generate_series(1, 10) i`;

/** A role of the test's own, gone with it. */
async function withRole(
  client: pg.Client,
  attributes: string,
  work: (role: string) => Promise<void>,
): Promise<void> {
  const role = `role_${new URL(projects.database.url).pathname.slice(1)}`;
  await client.query(`create role ${role} ${attributes}`);
  try {
    await work(role);
  } finally {
    await client.query(`reset role; drop owned by ${role} cascade; drop role ${role}`);
  }
}

it(
  'a table whose rows a policy hides from its owner does not count as empty: nothing is dropped unmoved',
  LIMIT,
  async () => {
    const { client } = await projects.open({});
    await withRole(client, `login password 'x'`, async (role) => {
      const url = new URL(projects.database.url);
      await client.query(`grant all on database ${url.pathname.slice(1)} to ${role}`);
      await client.query(`grant all on schema public to ${role}; set role ${role}`);
      await client.query(`${TEN};
      alter table t enable row level security;
      alter table t force row level security;
      create policy own on t using (a = current_setting('app.tenant', true));
      reset role`);
      Object.assign(url, { username: role, password: 'x' });
      const project = await projects.open(
        { [ID]: upper(`dropColumn('a')`) },
        { ...DATA_ONLY, overrides: { databaseUrl: url.href } },
      );
      await project.bellows.up();
      expect(await stateOf(project, ID)).toBe('backfilling');
      expect((await client.query('select count(a)::int as kept from t')).rows).toEqual([{ kept: 10 }]);
      await project.bellows.close();
    });
  },
);

it(
  'a mapping reads another table, which the contract then drops; no function of it stays behind',
  LIMIT,
  async () => {
    const value = '(select a.city from addresses a where a.t_id = t.id)';
    const project = await projects.open({ [ID]: upper(`dropTable('addresses')`, value) }, DATA_ONLY);
    await project.client.query(`${TEN}; create table addresses (t_id int, city text);
    insert into addresses select i, 'c' || i from generate_series(1, 10) i`);
    await project.bellows.up();
    expect(await stateOf(project, ID)).toBe('done');
    expect(await values(project.client, `select to_regclass('addresses') as value`)).toEqual([null]);
    const left = `select proname as value from pg_proc
    where pronamespace = 'bellows'::regnamespace and proname not in ('refuse_change', 'demand_plain_lease', 'plain_applied')`;
    expect(await values(project.client, left)).toEqual([]);
  },
);

it(
  'a bound mapping may be called by writers where functions are closed to the public by default',
  LIMIT,
  async () => {
    const project = await projects.open({ [ID]: upper('', 'own_upper(a)') });
    const { client } = project;
    await client.query(`${TEN}; create function own_upper(text) returns text immutable language sql as 'select upper($1)';
    alter default privileges revoke execute on functions from public`);
    await withRole(client, '', async (role) => {
      await client.query(`grant all on t to ${role}`);
      await project.bellows.up();
      await client.query(`set role ${role}`);
      await client.query(`insert into t (id, a) values (99, 'zz')`);
      expect(await values(client, 'select b as value from t where id = 99')).toEqual(['ZZ']);
    });
  },
);

it('the default of a new column means the same under every search_path', LIMIT, async () => {
  const project = await projects.open({
    [ID]: migration(`{
      description: 'A mood',
      table: 't',
      expand: [addColumn('b', 'mood', { default: sql\`'calm'::mood\` })],
      backfill: { set: { b: sql\`case when a = 'x' then 'wild'::mood else 'calm'::mood end\` }, reverse: 'none' },
    }`),
  });
  await project.client.query(`create type mood as enum ('calm', 'wild'); create schema app; ${TEN}`);
  await project.bellows.up();
  const writer = await connect(projects.database.url);
  await writer.query('set search_path to app');
  await writer.query(`insert into public.t (id, a) values (99, 'x')`);
  expect(await values(project.client, 'select b::text as value from t where id = 99')).toEqual(['wild']);
});

const LEAVES = `create table t (id int primary key, a text, touched int not null default 0) partition by range (id);
  create table t_1 partition of t for values from (0) to (1000);
  insert into t select i, 'v' || i from generate_series(1, 10) i;
  create function touch() returns trigger language plpgsql as
    $$ begin new.touched := old.touched + 1; return new; end $$`;

it('what a BEFORE trigger of a partition alone touches is given back in a batch', LIMIT, async () => {
  const project = await projects.open({ [ID]: upper() });
  await project.client.query(`${LEAVES};
    create trigger touch before update on t_1 for each row execute function touch()`);
  await project.bellows.up();
  const seen = `select format('%s %s', b, touched) as value from t where id = 3`;
  expect(await values(project.client, seen)).toEqual(['V3 0']);
});

it('an AFTER trigger of a partition alone is not decided silently', LIMIT, async () => {
  const project = await projects.open({ [ID]: upper() });
  await project.client.query(`${LEAVES};
    create trigger told after update on t_1 for each row execute function touch()`);
  expect((await refusal(project.bellows.up())).message).toContain('told');
});

it('refuses a BEFORE trigger that would have the last word', LIMIT, async () => {
  const project = await projects.open({ [ID]: upper() });
  await project.client.query(`${TEN};
    create function trims() returns trigger language plpgsql as $$ begin new.a := trim(new.a); return new; end $$;
    create trigger "état" before insert or update on t for each row execute function trims()`);
  expect((await refusal(project.bellows.up())).message).toContain('état');
});

it.each([
  [`addCheck('taken', sql\`id > 0\`)`],
  [`addUnique(['a'], { name: 'taken' })`],
  [`addForeignKey(['id'], { references: 't', name: 'taken' })`],
])('does not take a constraint of the same name for its own: %s', LIMIT, async (operation) => {
  const project = await projects.open({
    [ID]: migration(`{ description: 'A rule', table: 't', expand: [${operation}] }`),
  });
  await project.client.query(`${TEN}; alter table t add constraint taken check (id > -100)`);
  expect((await refusal(project.bellows.up())).message).toContain('taken');
});

it('a rollback does not undo statements that were never performed', LIMIT, async () => {
  const project = await projects.open({
    [ID]: migration(`{
      description: 'Two statements',
      table: 't',
      expand: [
        addColumn('b', 'text'),
        statement(sql\`create table made (id int)\`, { reason: 'first', undo: sql\`drop table made\` }),
        statement(sql\`alter table t add constraint bad check (a <> 'v1')\`, {
          reason: 'second', undo: sql\`alter table t drop constraint bad\`,
        }),
      ],
      contract: [statement(sql\`drop table kept\`, { reason: 'third', undo: sql\`create table kept (id int)\` })],
    }`),
  });
  await project.client.query(`${TEN}; create table kept (id int)`);
  await project.bellows.up();
  expect(await stateOf(project, ID)).toBe('expanding');
  await project.bellows.rollback(ID);
  expect(await stateOf(project, ID)).toBe('rolled_back');
  expect(await values(project.client, `select to_regclass('made')::text as value`)).toEqual([null]);
});

it('is itself the victim of a deadlock, also where deadlock_timeout is short', LIMIT, async () => {
  const project = await projects.open({
    [ID]: migration(`{ description: 'No parent', table: 't', contract: [dropColumn('parent')] }`),
  });
  const { client, bellows } = project;
  await client.query(`create table parents (id int primary key, n int not null); insert into parents values (1, 0);
    create table t (id int primary key, parent int references parents);
    alter database ${new URL(projects.database.url).pathname.slice(1)} set deadlock_timeout = '100ms'`);
  await bellows.up();
  // Holds the parent, which the drop of the foreign key needs too, and then asks for the child.
  // One writer: two that wait for each other can close a circle with us while the older wait is already near its limit.
  const writers = [await connect(projects.database.url)];
  let ended = false;
  let errors: readonly unknown[] = [];
  const working = writers.map(async (writer) => {
    while (!ended) {
      await writer.query('begin; update parents set n = n + 1; select pg_sleep(0.05)');
      await writer.query('select count(*) from t; commit').catch(async (error: unknown) => {
        errors = [...errors, Reflect.get(Object(error), 'code')];
        await writer.query('rollback');
      });
      await writer.query('select pg_sleep(0.2)');
    }
  });
  try {
    await bellows.approve(ID, { reason: 'nobody reads it' });
    await bellows.contract(ID, { signal: AbortSignal.timeout(20_000) });
  } finally {
    ended = true;
    await Promise.all(working);
  }
  expect([errors, await stateOf(project, ID)]).toEqual([[], 'done']);
});
