import { expect, it } from 'vitest';
import { columnsOf, migration, refusal, stateOf, useProjects } from './stage.js';

const projects = useProjects();
const A = '20240101000000_a';
const FILE = migration(`{
  description: 'Profiles leave users',
  table: 'users',
  expand: [
    on('profiles', createIndex(['lang'])),
    createTable('profiles', {
      columns: {
        user_id: 'bigint',
        bio: { type: 'varchar( 40 )', notNull: true },
        lang: { type: 'text', default: sql\`'en'\`, notNull: true },
        seen: { type: 'timestamptz', default: sql\`now()\` },
      },
      primaryKey: ['user_id'],
    }),
    on('profiles', addForeignKey(['user_id'], { references: 'users', onDelete: 'cascade' })),
  ],
  backfill: { copy: { into: 'profiles', key: { user_id: 'id' }, set: { bio: sql\`upper(bio)\` }, where: sql\`bio is not null\` } },
  contract: [dropColumn('bio')],
}`);
const USERS = `create table users (id bigint primary key, bio text);
  insert into users select i, case when i % 5 > 0 then 'bio ' || i end from generate_series(1, 2000) i`;
const DIFFERENT = `select count(*)::integer as n
  from (select id, upper(bio) as bio from users where bio is not null) u
  full join profiles p on p.user_id = u.id
  where u.id is null or p.user_id is null or u.bio is distinct from p.bio`;

it('a table is made, filled, kept equal, and left to itself', { timeout: 60_000 }, async () => {
  const project = await projects.open({ [A]: FILE });
  const { bellows, client } = project;
  await client.query(USERS);
  const [view] = await bellows.plan(A);
  expect(view?.plan.steps.expand.map(({ id }) => id)).toEqual([
    'expand/profiles',
    'expand/users',
    'expand/1/index',
  ]);
  await bellows.up();
  expect(await columnsOf(client, 'profiles')).toEqual([
    'user_id bigint not null',
    'bio character varying(40) not null',
    'lang text not null',
    'seen timestamp with time zone',
  ]);
  expect((await client.query(DIFFERENT)).rows).toEqual([{ n: 0 }]);
  await client.query(
    `update users set bio = 'x' where id = 5; update users set bio = null where id = 6; delete from users where id = 7`,
  );
  expect((await client.query(DIFFERENT)).rows).toEqual([{ n: 0 }]);
  await bellows.up({ approve: { reason: 'test' }, until: 'done' });
  expect(await stateOf(project, A)).toBe('done');
  const { rows } = await client.query(`select count(*)::integer as n,
    (select count(*)::integer from pg_index where indrelid = 'profiles'::regclass and indisvalid) as indexes,
    (select count(*)::integer from pg_constraint where conrelid = 'profiles'::regclass and contype = 'f' and convalidated) as keys
    from profiles where lang = 'en'`);
  expect(rows).toEqual([{ n: 1_599, indexes: 2, keys: 1 }]);
});

it('a rollback takes it away again, and the migration may run once more', { timeout: 60_000 }, async () => {
  const project = await projects.open({ [A]: FILE });
  const { bellows, client } = project;
  await client.query(USERS);
  for (const until of ['gated', 'expanded'] as const) {
    await bellows.up({ migration: A, until, ...(until === 'expanded' ? { detach: true } : {}) });
    await bellows.rollback(A);
    expect(await stateOf(project, A)).toBe('rolled_back');
    expect((await client.query(`select to_regclass('profiles') as profiles`)).rows).toEqual([
      { profiles: null },
    ]);
  }
  await client.query(`update users set bio = 'y' where id = 1`);
});

it('empty tables are gone through at once where only data counts', { timeout: 60_000 }, async () => {
  const config = `import { defineConfig } from 'pgbellows';
export default defineConfig({ environments: { ci: { gate: 'data-only' } } });`;
  const { bellows, client } = await projects.open({ [A]: FILE }, { config, env: 'ci' });
  await client.query('create table users (id bigint primary key, bio text)');
  expect((await bellows.up()).migrations.map(({ state }) => state)).toEqual(['done']);
  expect(await columnsOf(client, 'users')).toEqual(['id bigint not null']);
  expect(await columnsOf(client, 'profiles')).toHaveLength(4);
});

it.each([
  ['a table that is there', FILE, 'create table profiles (a integer)', /There is a table profiles already/],
  ['a type that is none', FILE.replace(`'bigint'`, `'bigit'`), 'select 1', /does not know the type "bigit"/],
  [
    'a key that is no column',
    FILE.replace(`primaryKey: ['user_id']`, `primaryKey: ['uid']`),
    'select 1',
    /names "uid", which is none of its columns/,
  ],
  ['a serial', FILE.replace(`'bigint'`, `'bigserial'`), 'select 1', /must not be a serial/],
  [
    'a default that reads a column',
    FILE.replace(`sql\`'en'\``, 'sql`bio`'),
    'select 1',
    /must not read columns/,
  ],
  ['more than a type', FILE.replace(`'bigint'`, `'bigint not null'`), 'select 1', /is not a type/],
])('is refused before anything is changed: %s', { timeout: 30_000 }, async (_, file, sql, names) => {
  const { bellows, client } = await projects.open({ [A]: file });
  await client.query(USERS);
  await client.query(sql);
  const error = await refusal(bellows.up());
  expect(`${error.text.what} ${error.text.why ?? ''}`).toMatch(names);
});
