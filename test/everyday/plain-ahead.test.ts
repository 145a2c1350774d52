/** Files that are sent ahead of their turn, in one message with those before them: nothing of them is there before, and none is lost. */
import { expect, it } from 'vitest';
import { type Project, refusal, useProjects, values } from '../e2e/stage.js';
import { connect } from '../support/database.js';
import { until } from '../support/until.js';
import { spawnBellows } from './bellows-process.js';

const { database, open } = useProjects();

/** `a` is file 1, and so on; each is one statement, so that the server is asked for nothing in between. */
const filesOf = (...texts: readonly string[]) =>
  Object.fromEntries(texts.map((text, i) => [`2024010${i + 1}000000_f${i + 1}.sql`, text]));
const nth = (...numbers: readonly number[]) => numbers.map((n) => `2024010${n}000000`);

/** What stands of which files: as the versions, our rows and the history have it, which have to be the same. */
async function recorded({ client }: Project): Promise<readonly string[]> {
  const [versions, rows, history] = [
    await values<string>(client, 'select version as value from schema_migrations order by 1'),
    await values<string>(client, 'select version as value from bellows.plain order by 1'),
    await values<string>(
      client,
      `select left(migration, 14) as value from bellows.history where action = 'sql_applied' order by id`,
    ),
  ];
  expect([rows, history]).toEqual([versions, versions]);
  return versions;
}

const tables = ({ client }: Project) =>
  values<string>(
    client,
    `select tablename as value from pg_tables where schemaname = 'public' and tablename ~ '^[a-f]$' order by 1`,
  );

it('are not run behind one that fails, and are run when it was corrected', async () => {
  const project = await open(
    filesOf(
      'create table a (id int);',
      'create table b (id int);',
      '\n create table c (id nosuchtype);',
      'create table d (id int);',
      'create table e (id int);',
    ),
  );
  const error = await refusal(project.bellows.up());
  expect(Reflect.get(error, 'render').call(error)).toBe(
    'migrations/20240103000000_f3.sql:2:21: type "nosuchtype" does not exist (42704)\n2 |  create table c (id nosuchtype);\n                        ^',
  );
  expect([await tables(project), await recorded(project)]).toEqual([['a', 'b'], nth(1, 2)]);
  await project.write('20240103000000_f3.sql', 'create table c (id int);');
  expect((await project.bellows.up()).reached).toBe(true);
  expect([await tables(project), await recorded(project)]).toEqual([
    ['a', 'b', 'c', 'd', 'e'],
    nth(1, 2, 3, 4, 5),
  ]);
});

it('are not run behind one whose commit is refused', async () => {
  const project = await open(
    filesOf(
      'create table a (id int primary key);',
      'create table b (id int references a deferrable initially deferred);',
      'insert into b values (1);',
      'create table d (id int);',
    ),
  );
  const error = await refusal(project.bellows.up());
  expect([error.code, error.data.file, error.data.sqlstate]).toEqual([
    'BELLOWS_SQL_FAILED',
    'migrations/20240103000000_f3.sql',
    '23503',
  ]);
  expect([await tables(project), await recorded(project)]).toEqual([['a', 'b'], nth(1, 2)]);
});

it('are not run behind one that loses the lease', async () => {
  const project = await open(
    filesOf(
      'create table a (id int);',
      `update bellows.lease set holder = gen_random_uuid(), epoch = epoch + 1 where name = 'plain';`,
      'create table c (id int);',
    ),
  );
  expect(await refusal(project.bellows.up())).toMatchObject({ code: 'BELLOWS_FENCED' });
  expect([await tables(project), await recorded(project)]).toEqual([['a'], nth(1)]);
});

it('wait behind one that waits for a lock, which is named and tried again; those before it are told', async () => {
  const project = await open(
    filesOf(
      'create table a (id int);',
      'create table b (id int);',
      'alter table a add column x int;',
      'create table d (id int);',
      'create table e (id int);\nselect 1;',
      'create table f (id int);',
    ),
    { overrides: { sql: { lockTimeoutMs: 300 } } },
  );
  await project.bellows.up({ to: '20240101000000' });
  const holder = await connect(database.url, { application_name: 'reports' });
  await holder.query('begin; select * from a');
  const child = spawnBellows(['up'], { cwd: project.cwd, url: database.url });
  await child.waitForLine(/Applied 20240102000000_f2/);
  await child.waitForLine(/Line 1 did not get its lock in time, held by pid \d+ app=reports/);
  expect([await tables(project), await recorded(project)]).toEqual([['a', 'b'], nth(1, 2)]);
  await holder.query('commit');
  expect((await child.exited).code).toBe(0);
  expect([await tables(project), await recorded(project)]).toEqual([
    ['a', 'b', 'd', 'e', 'f'],
    nth(1, 2, 3, 4, 5, 6),
  ]);
  const applied = [...child.stderr.matchAll(/Applied (\d+)_/g)].map(([, version]) => version);
  expect(applied).toEqual(nth(2, 3, 4, 5, 6));
}, 60_000);

it('are not run behind one that Ctrl-C ends, and what was before it stays', async () => {
  const project = await open(
    filesOf('create table a (id int);', 'select pg_sleep(600);', 'create table c (id int);'),
  );
  const child = spawnBellows(['up'], { cwd: project.cwd, url: database.url });
  await child.waitForLine(/Applied 20240101000000_f1/);
  const sleeping = `select pid as value from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'`;
  await until(async () => (await values(project.client, sleeping)).length === 1, { what: 'the sleep' });
  expect((await child.kill('SIGINT')).code).toBe(130);
  expect([await values(project.client, sleeping), await tables(project), await recorded(project)]).toEqual([
    [],
    ['a'],
    nth(1),
  ]);
});

it('begin on a session of their own behind one that changes its settings, and are recorded by our role', async () => {
  const project = await open(
    filesOf(
      'create schema s;',
      'set search_path = s;',
      'create table c (id int);',
      'set role pg_monitor;',
      'set local role pg_monitor;',
      'create table f (id int);',
    ),
  );
  expect((await project.bellows.up()).reached).toBe(true);
  expect([await tables(project), await recorded(project)]).toEqual([['c', 'f'], nth(1, 2, 3, 4, 5, 6)]);
});

it('are measured by the server: what each took, and the locks of others that it held', async () => {
  const project = await open(
    filesOf(
      'create table a (id int primary key);',
      'create table b (id int references a);',
      'do $$ begin perform pg_sleep(0.02); alter table a add column name text; end $$;',
      'create view d as select id from a;',
      'select pg_sleep(0.02);',
    ),
  );
  await project.bellows.up();
  expect(await recorded(project)).toEqual(nth(1, 2, 3, 4, 5));
  interface Kept {
    readonly seconds: number;
    readonly statementCount: number;
    readonly statements: readonly {
      readonly line: number;
      readonly ms: number;
      readonly locks?: readonly {
        readonly relation: string;
        readonly mode: string;
        readonly heldMs: number;
      }[];
    }[];
  }
  const kept = await values<Kept>(
    project.client,
    `select detail as value from bellows.history where action = 'sql_applied' order by id`,
  );
  const locks = kept.map(({ statements: [one] }) => one?.locks?.map((l) => `${l.mode} ${l.relation}`));
  expect(locks).toEqual([undefined, ['SHARE ROW EXCLUSIVE a'], ['ACCESS EXCLUSIVE a'], undefined, undefined]);
  expect(kept.map(({ statementCount, statements }) => [statementCount, statements.length])).toEqual(
    kept.map(() => [1, 1]),
  );
  expect(kept[2]?.statements[0]?.locks?.[0]?.heldMs).toBeGreaterThanOrEqual(20);
  for (const slow of [kept[2], kept[4]]) {
    expect(slow?.statements[0]?.ms).toBeGreaterThanOrEqual(20);
    expect(slow?.seconds).toBeGreaterThanOrEqual(0.02);
    expect(slow?.seconds).toBeLessThan(5);
  }
  const took = await values<number>(
    project.client,
    `select p.seconds as value from bellows.plain p where seconds >= 0.02 order by version`,
  );
  expect(took).toEqual([kept[2]?.seconds, kept[4]?.seconds]);
});
