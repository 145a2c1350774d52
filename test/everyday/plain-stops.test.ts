/** Files that are more than one transaction stop half-way, by a failure or a kill; a person ends them, and nothing is "dirty". */
import { expect, it } from 'vitest';
import { type Project, refusal, useProjects, values } from '../e2e/stage.js';
import { connect } from '../support/database.js';
import { until } from '../support/until.js';
import { spawnBellows } from './bellows-process.js';

const { database, open } = useProjects();
const ID = '20240101000000_index';
const FILE = `${ID}.sql`;

const TWICE = `create table a (id int);
insert into a values (1), (1);
create unique index concurrently a_id on a (id);
create table b (id int);
`;

const valid = ({ client }: Project) =>
  values<boolean>(client, `select indisvalid as value from pg_index where indexrelid = to_regclass('a_id')`);
const applied = ({ client }: Project) =>
  values<string>(client, `select version as value from schema_migrations order by 1`);

async function stopped(): Promise<Project> {
  const project = await open({ [FILE]: TWICE, '20240102000000_after.sql': 'create table c (id int);' });
  const error = await refusal(project.bellows.up());
  expect([error.code, error.data.line]).toEqual(['BELLOWS_SQL_FAILED', 3]);
  expect(error.text.left).toContain('Everything above line 3 took effect');
  expect([await valid(project), await applied(project)]).toEqual([[false], []]);
  return project;
}

it('says what was kept, and holds back what comes behind', async () => {
  const project = await stopped();
  const error = await refusal(project.bellows.up());
  expect([error.code, error.exit]).toEqual(['BELLOWS_SQL_UNRESOLVED', 1]);
  const [first, second] = (await project.bellows.status()).migrations;
  expect([first?.failed?.code, second?.state]).toEqual(['BELLOWS_SQL_UNRESOLVED', 'pending']);
  expect(await values(project.client, `select to_regclass('c') as value`)).toEqual([null]);
});

it('--continue goes on from the statement, removes the broken index first, and takes a corrected rest', async () => {
  const project = await stopped();
  await project.client.query('delete from a where ctid = (select min(ctid) from a)');
  await project.write(FILE, TWICE.replace('create table b', 'create table bb'));
  expect((await project.bellows.resolve(ID, 'continue')).state).toBe('done');
  expect(await valid(project)).toEqual([true]);
  expect(await values(project.client, `select to_regclass('bb')::text as value`)).toEqual(['bb']);
  expect((await project.bellows.up()).reached).toBe(true);
  expect(await applied(project)).toHaveLength(2);
});

it('--continue refuses a file that was edited above the statement', async () => {
  const project = await stopped();
  await project.write(FILE, TWICE.replace('(1), (1)', '(1), (2)'));
  expect((await refusal(project.bellows.resolve(ID, 'continue'))).exit).toBe(5);
  expect(await values(project.client, 'select count(*)::int as value from a')).toEqual([2]);
});

it('--applied and --rolled-back believe what was done by hand', async () => {
  const project = await stopped();
  await project.client.query('drop table a');
  expect((await project.bellows.resolve(ID, 'rolled-back', { reason: 'dropped it' })).state).toBe('pending');
  await project.write(FILE, 'create table a (id int);');
  expect((await project.bellows.up()).reached).toBe(true);
  const again = await refusal(project.bellows.resolve(ID, 'continue'));
  expect(again.code).toBe('BELLOWS_SQL_NOT_STOPPED');

  await project.write('20240103000000_d.sql', TWICE.replaceAll(/\ba\b/g, 'd').replace('a_id', 'd_id'));
  await refusal(project.bellows.up());
  expect((await project.bellows.resolve('20240103000000', 'applied')).state).toBe('done');
  expect(await applied(project)).toHaveLength(3);
});

it('a runner that is killed in an index build leaves a build that is noticed, and a file that can be gone on with', async () => {
  const project = await open({ [FILE]: TWICE.replace('(1), (1)', '(1), (2)') });
  await project.client.query('create table other ()');
  // An older transaction: CONCURRENTLY waits for its end before the index is valid.
  const older = await connect(database.url);
  await older.query('begin isolation level repeatable read');
  await older.query('select from other');
  const child = spawnBellows(['up'], { cwd: project.cwd, url: database.url });
  const builds = () =>
    values<number>(
      project.client,
      `select pid as value from pg_stat_activity where state = 'active' and query like 'create unique index concurrently%'`,
    );
  await until(async () => (await builds()).length === 1, { what: 'the build to wait' });
  await child.kill('SIGKILL');
  const error = await until(() => refusal(project.bellows.resolve(ID, 'continue', { lockWaitMs: 60_000 })), {
    timeoutMs: 30_000,
    what: 'the lease of the dead to run out',
  });
  expect([error.code, error.data.pid]).toEqual(['BELLOWS_SQL_STILL_RUNS', (await builds())[0]]);
  await older.query('commit');
  await until(async () => (await builds()).length === 0, { what: 'the build to end' });
  expect(await valid(project)).toEqual([true]);
  expect((await project.bellows.resolve(ID, 'continue')).state).toBe('done');
  expect(await values(project.client, `select to_regclass('b')::text as value`)).toEqual(['b']);
}, 60_000);

it('a runner that is killed in a transaction leaves nothing, and the next one simply runs it', async () => {
  const project = await open({
    [FILE]: `create table a (id int);\ninsert into a values (1);\nselect pg_sleep(600);`,
  });
  const child = spawnBellows(['up'], { cwd: project.cwd, url: database.url });
  const sleeping = () =>
    values<number>(
      project.client,
      `select pid as value from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid()`,
    );
  const [pid] = await until(async () => ((await sleeping()).length === 1 ? sleeping() : null), {
    what: 'the sleep',
  });
  await child.kill('SIGKILL');
  await project.client.query('select pg_terminate_backend($1)', [pid]);
  await project.write(FILE, 'create table a (id int);');
  expect((await project.bellows.up({ lockWaitMs: 60_000 })).reached).toBe(true);
  expect(await values(project.client, 'select count(*)::int as value from a')).toEqual([0]);
}, 60_000);

it.each([
  ['one by one', '\nselect 1;'],
  ['sent ahead', ''],
])(
  'a runner that is killed between and in the midst of files leaves each of them whole, or not there: %s',
  async (_, more) => {
    const names = Array.from({ length: 600 }, (_, i) => String(20240101000001 + i));
    const project = await open(
      Object.fromEntries(names.map((v) => [`${v}_k.sql`, `create table k${v} (id int);${more}`])),
    );
    const found = async () => ({
      tables: await values(
        project.client,
        `select substr(relname, 2) as value from pg_class where relname ~ '^k2024' and relkind = 'r' order by 1`,
      ),
      versions: await applied(project),
      rows: await values(project.client, 'select version as value from bellows.plain order by 1'),
      history: await values(
        project.client,
        `select left(migration, 14) as value from bellows.history where action = 'sql_applied' order by id`,
      ),
    });
    const child = spawnBellows(['up'], { cwd: project.cwd, url: database.url });
    await child.waitForLine(/Applied 20240101000100_k/);
    await child.kill('SIGKILL');
    // What the dead one had sent is still done by the server, each file with its record.
    const sessions = `select pid as value from pg_stat_activity where application_name like 'bellows cli:%' and datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;
    await until(async () => (await values(project.client, sessions)).length === 0, {
      what: 'its sessions to end',
    });
    const { tables, ...recorded } = await found();
    expect(tables.length).toBeGreaterThanOrEqual(100);
    expect(tables.length).toBeLessThan(600);
    expect(recorded).toEqual({ versions: tables, rows: tables, history: tables });
    expect((await project.bellows.up({ lockWaitMs: 60_000 })).reached).toBe(true);
    expect(await found()).toEqual({ tables: names, versions: names, rows: names, history: names });
  },
  60_000,
);

it('Ctrl-C cancels the statement on the server and takes the file back', async () => {
  const project = await open({ [FILE]: `create table a (id int);\nselect pg_sleep(600);` });
  const child = spawnBellows(['up'], { cwd: project.cwd, url: database.url });
  const sleeping = () =>
    values<number>(
      project.client,
      `select pid as value from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid()`,
    );
  await until(async () => (await sleeping()).length === 1, { what: 'the sleep' });
  expect((await child.kill('SIGINT')).code).toBe(130);
  expect([await sleeping(), await values(project.client, `select to_regclass('a') as value`)]).toEqual([
    [],
    [null],
  ]);
  expect(child.stderr).toContain('Stopped by SIGINT');
  expect(
    await values(project.client, `select holder as value from bellows.lease where name = 'plain'`),
  ).toEqual([null]);
});
