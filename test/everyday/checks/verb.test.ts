import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CheckReport } from '#api';
import type { DataCheckId } from '#core/data-checks';
import { migration, useProjects } from '../../e2e/stage.js';

const { open } = useProjects();

const of = ({ checks }: CheckReport, id: DataCheckId) => checks.find((one) => one.check === id);

const TABLES = `create table users (id bigint primary key, email text, name text);
  insert into users values (1, 'a', null), (2, 'a', 'n');
  create table orders (id bigint primary key, user_id bigint);
  insert into orders values (1, 1), (2, 3);`;

it('wants what migrations that are not done will demand, and what the configuration declares', async () => {
  const project = await open(
    {
      '20240102150000_keys': migration(`{
        description: 'Keys',
        table: 'users',
        expand: [addUnique(['email']), on('orders', addForeignKey(['user_id'], { references: 'users' }))],
        contract: [setNotNull('name')],
      }`),
      '20240103150000_fills': migration(`{
        description: 'Fills what it requires',
        table: 'users',
        expand: [addColumn('nick', 'text')],
        backfill: { set: { name: sql\`'x'\` }, where: sql\`name is null\` },
        contract: [setNotNull('name'), setNotNull('nick')],
      }`),
    },
    { config: `export default { checks: { notNull: [{ table: 'users', column: 'id' }] } };` },
  );
  await project.client.query(TABLES);
  const report = await project.bellows.check({ only: ['orphans', 'duplicates', 'nulls'] });
  expect(report).toMatchObject({ ok: false, findings: 3, unknown: 0 });
  expect(of(report, 'orphans')?.findings[0]).toMatchObject({
    count: 1,
    mend: expect.arrayContaining(['bellows up']),
  });
  expect(of(report, 'duplicates')?.findings[0]?.object).toBe('("email"), wanted by 20240102150000_keys');
  expect(of(report, 'nulls')?.did).toEqual(
    [
      'users.id: NOT NULL already, not scanned',
      'users.name: scanned up to the first NULL (no statistics; wanted by 20240102150000_keys)',
      'users.name: 20240103150000_fills fills it and proves it itself',
      'users.nick: 20240103150000_fills is not there yet: nothing to look for',
    ].map((text) =>
      text.replace('users.nick: 20240103150000_fills', 'column users.nick of 20240103150000_fills'),
    ),
  );
});

it('wants what plain SQL migrations that are not applied will demand, unless they change those rows first', async () => {
  const project = await open({});
  const write = (name: string, text: string) =>
    writeFile(join(project.cwd, 'migrations', `${name}.sql`), text);
  await write(
    '20240102150000_keys',
    `-- migrate:up
    ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email), ADD COLUMN z int UNIQUE;
    create unique index concurrently on users (name) where id > 0;
    alter table orders add foreign key (user_id) references users not valid;
    alter table users alter column name set not null, alter column z set not null;
-- migrate:down
    alter table orders alter column user_id set not null;`,
  );
  await write(
    '20240103150000_mends',
    `update users set name = ''; alter table users alter column name set not null;`,
  );
  await write('20240104150000_block', `do $$ begin null; end $$; create unique index on users (id, name);`);
  await project.client.query(TABLES);
  const only = ['orphans', 'duplicates', 'nulls'] as const;
  const report = await project.bellows.check({ only });
  expect(report.checks.flatMap(({ findings }) => findings.map(({ table, count }) => [table, count]))).toEqual(
    [
      ['orders', 1],
      ['users', 1],
      ['users', 1],
    ],
  );
  expect(of(report, 'duplicates')?.did).toEqual([
    'users (email): scanned (wanted by 20240102150000_keys)',
    'users (name) where id > 0: scanned (wanted by 20240102150000_keys)',
  ]);
  expect(of(report, 'nulls')?.did).toEqual([
    'users.name: scanned up to the first NULL (no statistics; wanted by 20240102150000_keys)',
    'column users.z of 20240102150000_keys is not there yet: nothing to look for',
  ]);
  await project.client.query(`create table schema_migrations (version varchar primary key);
    insert into schema_migrations values ('20240102150000')`);
  expect(await project.bellows.check({ only })).toMatchObject({ ok: true });
  await write('20240105150000_broken', 'alter table users add constraint;');
  expect((await project.bellows.check({ only })).unknown).toBe(3);
});

it('wants nothing of what is done, and sees nothing of Bellows itself', async () => {
  const project = await open(
    {
      '20240102150000_keys': migration(
        `{ description: 'Keys', table: 'users', expand: [addUnique(['email'])] }`,
      ),
    },
    { config: `export default { environments: { ci: { gate: 'data-only' } } };`, env: 'ci' },
  );
  await project.client.query('create table users (id bigint primary key, email text)');
  await project.bellows.up();
  const report = await project.bellows.check();
  expect(report).toMatchObject({ ok: true, findings: 0, unknown: 0 });
  expect(report.checks.flatMap((one) => one.notices)).toEqual([]);
  expect(of(report, 'duplicates')?.did[0]).toContain('no unique key is wanted');
});

it('reads the checks of the project beside db/migrations, and writes nothing, not even its own schema', async () => {
  const project = await open({}, { config: `export default { migrations: 'db/migrations' };` });
  await mkdir(join(project.cwd, 'db/migrations'), { recursive: true });
  await mkdir(join(project.cwd, 'db/checks'), { recursive: true });
  await writeFile(
    join(project.cwd, 'db/checks/shop.sql'),
    `select 'no mail' as issue, count(*) as count from users where email = 'a';`,
  );
  await project.client.query(TABLES);
  const report = await project.bellows.check({ only: ['queries'] });
  expect(of(report, 'queries')?.findings).toMatchObject([
    { count: 2, place: { file: 'db/checks/shop.sql' } },
  ]);
  const { rows } = await project.client.query(`select from pg_namespace where nspname = 'bellows'`);
  expect(rows).toEqual([]);
});

it('a migration that cannot be read leaves what it wants unknown', async () => {
  const project = await open({ '20240102150000_broken': 'export default {' });
  const report = await project.bellows.check({ only: ['nulls'] });
  expect(report).toMatchObject({ ok: false, unknown: 1 });
});
