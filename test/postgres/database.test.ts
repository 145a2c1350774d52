import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { classify } from '#core/sqlstate';
import type { Session } from '#ports';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { useOpen } from './open.js';

const used = useDatabase({ per: 'file' });
const open = useOpen();

const SETTINGS = [
  'lock_timeout',
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'synchronous_commit',
  'row_security',
  'session_replication_role',
  'transaction_read_only',
  'search_path',
];
async function settings(session: Session): Promise<Record<string, unknown>> {
  const rows = await session.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1)',
    [SETTINGS],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
async function pidOf(session: Session): Promise<number> {
  const [row] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  return row?.pid ?? 0;
}

test('is seen by its name, and opens nothing before it is used', async () => {
  const db = open(used.url, { applicationName: 'serve' });
  const watcher = await connect(used.url);
  const count = async () =>
    (await watcher.query(`select from pg_stat_activity where application_name = 'bellows serve'`)).rowCount;
  expect(await count()).toBe(0);
  await db.query('select 1');
  // The one that asked for the version may be seen a moment longer.
  await until(async () => (await count()) === 1, { what: 'one connection' });
});

test('takes one statement a call', async () => {
  const db = open(used.url);
  await expect(db.query('select 1; select 2')).rejects.toMatchObject({ code: '42601' });
});

test('the limits of a transaction end with it', async () => {
  const db = open(used.url, { max: 1 });
  const before = await settings(db);
  const limits = {
    lockTimeoutMs: 100,
    statementTimeoutMs: 699.5,
    idleInTransactionTimeoutMs: 200,
    synchronousCommit: false,
    rowSecurity: false,
    replicationRole: 'replica',
    readOnly: true,
  } as const;
  const within = await db.transaction(limits, settings);
  expect(within).toMatchObject({
    lock_timeout: '100',
    statement_timeout: '700',
    idle_in_transaction_session_timeout: '200',
    synchronous_commit: 'off',
    row_security: 'off',
    session_replication_role: 'replica',
    transaction_read_only: 'on',
  });
  expect(await settings(db)).toEqual(before);
  await expect(db.transaction(limits, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  expect(await settings(db)).toEqual(before);
});

test('commits synchronously also where the database does not, and does not weaken remote_apply', async () => {
  const db = open(used.url, { max: 1 });
  const admin = await connect(used.url);
  const within = async (value: string) => {
    await admin.query(`alter database "${used.name}" set synchronous_commit = ${value}`);
    const fresh = open(used.url, { max: 1 });
    return (await fresh.transaction({}, settings)).synchronous_commit;
  };
  expect(await within('off')).toBe('on');
  expect(await within('remote_apply')).toBe('remote_apply');
  await admin.query(`alter database "${used.name}" reset synchronous_commit`);
  expect((await db.transaction({}, settings)).synchronous_commit).toBe('on');
});

test('is read committed where the role has another default', async () => {
  const admin = await connect(used.url);
  await admin.query(`alter database "${used.name}" set default_transaction_isolation = 'serializable'`);
  const db = open(used.url);
  const [row] = await db.transaction({}, (tx) => tx.query('show transaction_isolation'));
  await admin.query(`alter database "${used.name}" reset default_transaction_isolation`);
  expect(row).toEqual({ transaction_isolation: 'read committed' });
});

test('rolls back what throws, commits what does not', async () => {
  const db = open(used.url);
  await db.query('create table kept (id int)');
  await expect(
    db.transaction({}, async (tx) => {
      await tx.query('insert into kept values (1)');
      throw new Error('mine');
    }),
  ).rejects.toThrow('mine');
  await db.transaction({}, (tx) => tx.query('insert into kept values (2)'));
  expect(await db.query('select id from kept')).toEqual([{ id: 2 }]);
});

test('a swallowed failure is no commit', async () => {
  const db = open(used.url, { max: 1 });
  const swallowed = db.transaction({}, async (tx) => {
    await tx.query('create table lost (id int)');
    await tx.query('select 1 / 0').catch(() => undefined);
  });
  await expect(swallowed).rejects.toMatchObject({ code: 'BELLOWS_TRANSACTION_ABORTED' });
  expect(await db.query(`select to_regclass('lost') as found`)).toEqual([{ found: null }]);
});

test('a statement of a transaction that is over does not run in the next one', async () => {
  const db = open(used.url, { max: 1 });
  const leaked = await db.transaction({}, async (tx) => ({ tx }));
  await expect(leaked.tx.query('select 1')).rejects.toThrow('had ended');
});

test('a statement that nobody awaited is done before the commit', async () => {
  const db = open(used.url, { max: 1 });
  await db.query('create table late (id int)');
  await db.transaction({}, async (tx) => {
    void tx.query('select pg_sleep(0.1)');
    void tx.query('insert into late values (1)');
  });
  expect(await db.query('select id from late')).toEqual([{ id: 1 }]);
});

test('an idle connection that is ended costs nothing', async () => {
  const db = open(used.url, { max: 1 });
  const admin = await connect(used.url);
  const pid = await pidOf(db);
  await admin.query('select pg_terminate_backend($1, 5000)', [pid]);
  const other = await until(() => pidOf(db), { what: 'a new connection' });
  expect(other).not.toBe(pid);
});

test('a connection that is ended within a transaction is told, and another one is taken', async () => {
  const db = open(used.url, { max: 1 });
  const admin = await connect(used.url);
  const broken = db.transaction({}, async (tx) => {
    await admin.query('select pg_terminate_backend($1, 5000)', [await pidOf(tx)]);
    await tx.query('select 1');
  });
  const error: unknown = await broken.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'BELLOWS_PG_LOST' });
  expect(classify(error).action).toBe('reconnect');
  expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('a session that the server ends for idling in a transaction is told as lost', async () => {
  const db = open(used.url, { max: 1 });
  const admin = await connect(used.url);
  const idle = db.transaction({ idleInTransactionTimeoutMs: 50 }, async (tx) => {
    const pid = await pidOf(tx);
    await until(
      async () => (await admin.query('select from pg_stat_activity where pid = $1', [pid])).rowCount === 0,
    );
    await tx.query('select 1');
  });
  await expect(idle).rejects.toMatchObject({ code: 'BELLOWS_PG_LOST' });
  expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('a connection that breaks during the commit: the outcome is not known, and said so', async () => {
  const db = open(used.url, { max: 1 });
  const admin = await connect(used.url);
  await admin.query(`
    create table slow_commit (id int);
    create function doze() returns trigger language plpgsql as 'begin perform pg_sleep(60); return null; end';
    create constraint trigger doze after insert on slow_commit
      deferrable initially deferred for each row execute function doze();`);
  let pid = 0;
  const commit = db.transaction({}, async (tx) => {
    pid = await pidOf(tx);
    await tx.query('insert into slow_commit values (1)');
  });
  const outcome = commit.catch((reason: unknown) => reason);
  await until(
    async () =>
      (
        await admin.query(
          `select from pg_stat_activity where pid = $1 and query = 'commit' and wait_event = 'PgSleep'`,
          [pid],
        )
      ).rowCount === 1,
  );
  await admin.query('select pg_terminate_backend($1)', [pid]);
  expect(await outcome).toMatchObject({ code: 'BELLOWS_COMMIT_UNKNOWN', data: { sqlstate: '08007' } });
  expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('an error that COMMIT answers is the error', async () => {
  const db = open(used.url, { max: 1 });
  await db.query('create table parent (id int primary key)');
  await db.query('create table child (id int references parent deferrable initially deferred)');
  const commit = db.transaction({}, (tx) => tx.query('insert into child values (7)'));
  await expect(commit).rejects.toMatchObject({ code: '23503' });
});

test('an error that is printed shows no row', async () => {
  const db = open(used.url);
  await db.query('create table people (email text primary key)');
  await db.query(`insert into people values ('anna@example.com')`);
  const error: unknown = await db
    .query(`insert into people values ($1)`, ['anna@example.com'])
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: '23505', constraint: 'people_pkey' });
  expect(inspect(error)).not.toContain('anna@example.com');
  expect(JSON.stringify(error)).not.toContain('anna@example.com');
});

test('leaves no prepared statement behind', async () => {
  const db = open(used.url, { max: 1 });
  await db.query('select $1::int', [1]);
  await db.transaction({}, (tx) => tx.query('select $1::int', [1]));
  expect(await db.query('select name from pg_prepared_statements')).toEqual([]);
});

test('all connections in use for too long', async () => {
  const url = new URL(used.url);
  url.searchParams.set('connect_timeout', '0.3');
  const db = open(url.href, { max: 1 });
  const inner = db.transaction({}, () => db.query('select 1'));
  await expect(inner).rejects.toMatchObject({ code: 'BELLOWS_PG_POOL_FULL' });
});
