import { expect, it } from 'vitest';
import { connect } from '../support/database.js';
import { migration, refusal, shapeOf, stateOf, useProjects } from './stage.js';

const projects = useProjects();
const A = '20240101000000_a';
const copy = (inner = '', contract = `dropColumn('bio')`, extra = '') =>
  migration(`{
    description: 'Profiles leave users',
    table: 'users',
    backfill: {
      copy: { into: 'profiles', key: { user_id: 'id' }, set: { bio: sql\`upper(bio)\` }${inner} }${extra},
    },
    contract: [${contract}],
  }`);
const TABLES = `create table users (id bigint primary key, bio text);
  create table profiles (user_id bigint primary key, bio text);
  insert into users select i, 'bio ' || i from generate_series(1, 3000) i;
  analyze users`;
const DIFFERENT = `select count(*)::integer as n
  from users u
  full join profiles p on p.user_id = u.id
  where u.id is null or p.user_id is null or upper(u.bio) is distinct from p.bio`;
const OBJECTS = `select
    (select count(*)::integer from pg_trigger where tgname like '~bellows%') as triggers,
    (select count(*)::integer from pg_class where relname like 'waiting\\_%') as waiting,
    (select count(*)::integer from pg_proc where proname like 'copy\\_%' and pronamespace = 'bellows'::regnamespace) as functions`;
const NONE = [{ triggers: 0, waiting: 0, functions: 0 }];

it('a copy goes from its file through the gate, and leaves nothing of its own', {
  timeout: 60_000,
}, async () => {
  const project = await projects.open({ [A]: copy() });
  const { bellows, client } = project;
  await client.query(TABLES);
  const [view] = await bellows.plan(A);
  const notices = view?.plan.notices.map(({ text }) => text).join('\n') ?? '';
  expect(notices).toMatch(/not carried back/);
  expect(notices).toMatch(/TRUNCATE of users/);
  expect(view?.batches[0]?.sql).toContain('insert into "public"."profiles" as x');
  expect(view?.batches[0]?.explain.join('\n')).toContain('Scan');
  expect((await bellows.up()).migrations.map(({ state }) => state)).toEqual(['gated']);
  expect((await client.query(DIFFERENT)).rows).toEqual([{ n: 0 }]);
  await client.query(
    `update users set bio = 'later' where id = 7; insert into users values (9000, 'new'); delete from users where id = 8`,
  );
  expect((await client.query(DIFFERENT)).rows).toEqual([{ n: 0 }]);
  const status = (await bellows.status()).migrations[0];
  expect(status?.backfill).toMatchObject({ table: 'users', rowsDone: 3_000, quarantined: 0 });
  await bellows.up({ approve: { reason: 'test' }, until: 'done' });
  expect(await stateOf(project, A)).toBe('done');
  const { rows } = await client.query(
    `select bio from profiles where user_id in (7, 8, 9000) order by user_id`,
  );
  expect(rows).toEqual([{ bio: 'LATER' }, { bio: 'NEW' }]);
  expect((await client.query(OBJECTS)).rows).toEqual(NONE);
  expect((await shapeOf(client)).some((line) => line.startsWith('users.bio'))).toBe(false);
});

it('the gate is shut while a write waits to be carried over', { timeout: 60_000 }, async () => {
  const project = await projects.open({ [A]: copy() });
  const { bellows, client } = project;
  await client.query(TABLES);
  const other = await connect(projects.database.url);
  await bellows.up({ until: 'expanded', detach: true });
  await other.query('begin isolation level repeatable read; select count(*) from profiles');
  await bellows.up();
  await other.query('delete from users where id = 5; commit');
  const shut = await bellows.gate(A);
  expect(shut.open).toBe(false);
  const pending = shut.checks.find(({ check }) => check === 'pending_rows');
  expect(pending).toMatchObject({ verdict: 'fail' });
  expect(pending?.evidence).toContain('1 write of users wait to be carried over to profiles');
  expect((await client.query(DIFFERENT)).rows).toEqual([{ n: 1 }]);
  await bellows.up({ approve: { reason: 'test' }, until: 'done' });
  expect(await stateOf(project, A)).toBe('done');
  expect((await client.query('select from profiles where user_id = 5')).rows).toEqual([]);
});

it('the gate is shut where the trigger was off, or the source was truncated', {
  timeout: 60_000,
}, async () => {
  const { bellows, client } = await projects.open({ [A]: copy() });
  await client.query(TABLES);
  await bellows.up();
  const { rows } = await client.query<{ name: string }>(
    `select tgname as name from pg_trigger where tgname like '~bellows%' order by tgname`,
  );
  const update = rows.find(({ name }) => name.endsWith('_u'))?.name;
  await client.query(`alter table users disable trigger "${update}"`);
  const off = await bellows.gate(A);
  const failing = off.checks.filter(({ verdict }) => verdict === 'fail').map(({ check }) => check);
  expect(failing).toEqual(expect.arrayContaining(['sync_trigger', 'fingerprint']));
  await client.query(`alter table users enable always trigger "${update}"`);
  await client.query('truncate users');
  const truncated = (await bellows.gate(A)).checks.find(({ check }) => check === 'pending_rows');
  expect(truncated?.evidence).toContain('users was truncated since it was verified');
  expect(await bellows.verify(A)).toMatchObject({ mismatched: 3_000 });
  const values = (await bellows.gate(A)).checks.find(({ check }) => check === 'values');
  expect(values?.verdict).toBe('fail');
  await client.query('truncate profiles');
  expect(await bellows.verify(A)).toMatchObject({ mismatched: 0, pending: 0 });
  expect(
    (await bellows.gate(A)).checks.filter(({ verdict }) => verdict === 'fail').map((c) => c.check),
  ).toEqual(['approval']);
});

it('a rollback takes the triggers away, and the source is as it was', { timeout: 60_000 }, async () => {
  const project = await projects.open({ [A]: copy() });
  const { bellows, client } = project;
  await client.query(TABLES);
  const shape = await shapeOf(client);
  await bellows.up();
  await bellows.rollback(A);
  expect(await stateOf(project, A)).toBe('rolled_back');
  expect(await shapeOf(client)).toEqual(shape);
  expect((await client.query(OBJECTS)).rows).toEqual(NONE);
  await client.query(`update users set bio = 'on' where id = 1`);
});

it('a table moves: the old one is dropped at the end', { timeout: 60_000 }, async () => {
  const project = await projects.open({ [A]: copy('', `dropTable('users')`) });
  const { bellows, client } = project;
  await client.query(TABLES);
  await bellows.up({ approve: { reason: 'test' }, until: 'done' });
  expect(await stateOf(project, A)).toBe('done');
  const { rows } = await client.query(
    `select to_regclass('users') as users, (select count(*)::integer from profiles) as n`,
  );
  expect(rows).toEqual([{ users: null, n: 3_000 }]);
  expect((await client.query(OBJECTS)).rows).toEqual(NONE);
});

it('empty tables are gone through at once where only data counts', { timeout: 60_000 }, async () => {
  const config = `import { defineConfig } from 'pgbellows';
export default defineConfig({ environments: { ci: { gate: 'data-only' } } });`;
  const project = await projects.open({ [A]: copy() }, { config, env: 'ci' });
  const { bellows, client } = project;
  await client.query(TABLES.replace('generate_series(1, 3000)', 'generate_series(1, 0)'));
  expect((await bellows.up()).migrations.map(({ state }) => state)).toEqual(['done']);
  expect((await shapeOf(client)).some((line) => line.startsWith('users.bio'))).toBe(false);
});

it('rows of a partition that is attached at the gate are copied too', { timeout: 60_000 }, async () => {
  const project = await projects.open({ [A]: copy() });
  const { bellows, client } = project;
  await client.query(`create table users (id bigint primary key, bio text) partition by range (id);
    create table users_1 partition of users for values from (1) to (1001);
    create table profiles (user_id bigint primary key, bio text);
    insert into users select i, 'bio ' || i from generate_series(1, 1000) i`);
  await bellows.up();
  await client.query(`create table users_2 (id bigint primary key, bio text);
    insert into users_2 select i, 'bio ' || i from generate_series(2001, 2500) i;
    alter table users attach partition users_2 for values from (2001) to (3001)`);
  expect((await client.query(DIFFERENT)).rows).toEqual([{ n: 500 }]);
  expect((await bellows.gate(A)).checks.find(({ check }) => check === 'fingerprint')?.verdict).toBe('fail');
  expect(await bellows.verify(A)).toMatchObject({ pending: 500 });
  await client.query(`update users set bio = 'late' where id = 2001; delete from users where id = 2002`);
  // What the first `up` saw is too old by now.
  await client.query(`update bellows.checks set evaluated_at = evaluated_at - interval '1 minute'`);
  await bellows.up({ approve: { reason: 'test' }, until: 'done' });
  expect(await stateOf(project, A)).toBe('done');
  const { rows } = await client.query('select count(*)::integer as n from profiles');
  expect(rows).toEqual([{ n: 1_499 }]);
});

it.each([
  ['a target that is not there', copy(), 'drop table profiles', /There is no table profiles/],
  [
    'a target without a unique key',
    copy(),
    'alter table profiles drop constraint profiles_pkey',
    /No unique index of profiles covers exactly user_id/,
  ],
  [
    'a target with a partial one alone',
    copy(),
    'alter table profiles drop constraint profiles_pkey; create unique index on profiles (user_id) where bio is not null',
    /No unique index of profiles/,
  ],
  [
    'a target whose key may be violated for a while',
    copy(),
    'alter table profiles drop constraint profiles_pkey, add primary key (user_id) deferrable',
    /No unique index of profiles/,
  ],
  [
    'a source without a unique key',
    copy(),
    'alter table users drop constraint users_pkey',
    /No unique index of users covers exactly id/,
  ],
  [
    'a key that may be NULL',
    copy(),
    'alter table users drop constraint users_pkey, alter id drop not null; create unique index on users (id)',
    /users.id may be NULL/,
  ],
  [
    'a key of another kind',
    copy(),
    'alter table profiles alter user_id type text',
    /users.id \(bigint\) and profiles.user_id \(text\)/,
  ],
  [
    'a target that needs more',
    copy(),
    'alter table profiles add lang text not null',
    /profiles.lang is NOT NULL, has no default, and is not set/,
  ],
  [
    'triggers of the target that nobody decided on',
    copy(),
    `create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger stamp before insert on profiles for each row execute function f()`,
    /profiles has triggers that run for every row of the backfill: stamp/,
  ],
  ['to skip them', copy('', '', `, triggers: 'skip'`), 'select 1', /Triggers of profiles cannot be skipped/],
  [
    'a moment',
    copy(`, where: sql\`now() > '2020-01-01'\``),
    'select 1',
    /computes where from more than its row/,
  ],
  [
    'itself',
    copy().replace(`into: 'profiles'`, `into: 'users'`),
    'select 1',
    /"users" has a backfill already/,
  ],
  ['an unknown option', copy(`, mode: 'fast'`), 'select 1', /mode/],
])('a copy is refused before anything is changed: %s', { timeout: 30_000 }, async (_, file, sql, names) => {
  const { bellows, client } = await projects.open({ [A]: file });
  await client.query(TABLES);
  await client.query(sql);
  const error = await refusal(bellows.up());
  expect(`${error.text.what} ${error.text.why ?? ''}`).toMatch(names);
  const { rows } = await client.query(
    `select count(*)::integer as n from pg_trigger where tgname like '~bellows%'`,
  );
  expect(rows).toEqual([{ n: 0 }]);
});

it.each([
  ['is named by plan where deletes would fail', '', '23503'],
  ['lets deletes through where it cascades, and is not named', 'on delete cascade', null],
])('a foreign key of the target to the source %s', { timeout: 60_000 }, async (_, action, code) => {
  const project = await projects.open({ [A]: copy() });
  const { bellows, client } = project;
  await client.query(TABLES);
  await client.query(
    `alter table profiles add constraint mine foreign key (user_id) references users ${action}`,
  );
  const [view] = await bellows.plan(A);
  const named = view?.plan.notices.filter((notice) => notice.code === 'copy_reference') ?? [];
  expect(named.map(({ text }) => /by (\w+)/.exec(text)?.[1])).toEqual(code === null ? [] : ['mine']);
  await bellows.up();
  const failed = (text: string) =>
    client.query(text).then(
      () => null,
      (error: { code: string }) => error.code,
    );
  expect(await failed('delete from users where id = 1')).toBe(code);
  expect(await failed('begin isolation level repeatable read; delete from users where id = 2')).toBe(code);
  await client.query('commit');
  expect((await client.query(DIFFERENT)).rows).toEqual([{ n: 0 }]);
  await bellows.up({ approve: { reason: 'test' }, until: 'done' });
  expect(await stateOf(project, A)).toBe('done');
});
