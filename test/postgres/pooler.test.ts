import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { installSchema } from '#postgres/install';
import { createLease } from '#postgres/lease';
import { freePort } from '#servers/free-port';
import { serverIdentity } from '#servers/identity';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { useOpen } from './open.js';

const missing = spawnSync('pgbouncer', ['--version']).error !== undefined;
if (missing) console.warn('No pgbouncer on the PATH: the pooler tests of the database are skipped.');

const used = useDatabase();

describe.skipIf(missing)('behind a transaction pooler', () => {
  const running: { readonly child: ChildProcess; readonly folder: string }[] = [];
  // Registered before `useOpen`, so it runs after the connections are closed.
  afterEach(async () => {
    for (const { child, folder } of running.splice(0)) {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    }
  });
  const open = useOpen();
  const never = new AbortController().signal;

  /** With two connections to the server for everybody. */
  async function pooler(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'pooler-'));
    await chmod(folder, 0o755);
    const port = await freePort();
    const lines = [
      '[databases]',
      `${used.name} = host=127.0.0.1 port=${new URL(used.url).port} user=postgres`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'default_pool_size = 2',
    ];
    await writeFile(join(folder, 'pgbouncer.ini'), `${lines.join('\n')}\n`);
    const child = spawn('pgbouncer', [join(folder, 'pgbouncer.ini')], {
      ...serverIdentity(),
      stdio: 'ignore',
    });
    running.push({ child, folder });
    await until(() => answers(port), { what: 'pgbouncer to listen' });
    return `postgres://postgres@127.0.0.1:${port}/${used.name}`;
  }

  function answers(port: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connectSocket(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('close', () => socket.destroy()).end();
    });
  }

  test('installs, leads and works with more clients than connections, and leaves no setting behind', async () => {
    const url = await pooler();
    const pools = Array.from({ length: 5 }, () => open(url, { max: 3 }));
    await Promise.all(pools.map((db) => installSchema(db)));
    const fences = await Promise.all(pools.map((db, i) => createLease(db, `p/${i}`).acquire()));
    expect(fences.filter((fence) => fence !== null)).toHaveLength(1);
    const limits = { lockTimeoutMs: 111, statementTimeoutMs: 5_111, synchronousCommit: false };
    const work = pools.flatMap((db) =>
      Array.from({ length: 20 }, () =>
        db.transaction(
          limits,
          async (tx) => (await tx.query<{ n: number }>('select $1::int as n', [7]))[0]?.n,
        ),
      ),
    );
    expect(new Set(await Promise.all(work))).toEqual(new Set([7]));
    const left = `select name from pg_settings where name in ('lock_timeout', 'statement_timeout') and setting <> '0'
      union all select name from pg_prepared_statements`;
    for (const db of pools) expect(await db.query(left)).toEqual([]);
  });

  test('a direct session through it sets nothing, and its statement is found and cancelled', async () => {
    const db = open(await pooler());
    await db.direct(never, (session) => session.query('select 1'));
    const watcher = await connect(used.url);
    const sleeping = async () =>
      (
        await watcher.query(
          `select from pg_stat_activity where query like '%pg_sleep(602)' and pid <> pg_backend_pid() and state = 'active'`,
        )
      ).rowCount;
    const abort = new AbortController();
    const outcome = db
      .direct(abort.signal, (session) => session.query('select pg_sleep(602)'))
      .catch((reason: unknown) => reason);
    await until(async () => (await sleeping()) === 1, { what: 'the statement to run' });
    abort.abort();
    expect(await outcome).toMatchObject({ code: 'BELLOWS_PG_CANCELLED' });
    expect(await sleeping()).toBe(0);
  });

  test('several statements in one message go through it whole, and a place in one of them is a place in its own text', async () => {
    const db = open(await pooler());
    await db.direct(never, async (session) => {
      const begun = await session.pipeline([
        { text: 'begin' },
        { text: 'create table t (n int)' },
        { text: 'commit' },
        { text: 'begin' },
        { text: 'insert into t values (1)' },
        { text: 'select nope' },
        { text: 'commit' },
      ]);
      expect([begun.answers.length, begun.error]).toMatchObject([5, { code: '42703', position: '8' }]);
      await session.query('rollback');
      await expect(session.query('select nope')).rejects.toMatchObject({ position: '8' });
      expect(await session.query('select n from t')).toEqual([]);
      const pid = await session.pipeline([{ text: 'select pg_sleep(0)' }]).then(() => session.backend());
      expect(pid).toBeNull();
    });
  });

  test('the session behind it is found while it runs a statement', async () => {
    const db = open(await pooler());
    const holder = await connect(used.url);
    await holder.query('select pg_advisory_lock(8)');
    await db.direct(never, async (session) => {
      const done = session.pipeline([
        { text: 'begin' },
        { text: 'select pg_advisory_xact_lock(8)' },
        { text: 'commit' },
      ]);
      const waiting = async () =>
        (await holder.query(`select pid from pg_locks where locktype = 'advisory' and not granted`)).rows[0]
          ?.pid;
      const pid = await until(waiting, { what: 'the session to wait' });
      expect(await session.backend()).toBe(pid);
      await holder.query('select pg_advisory_unlock(8)');
      expect((await done).error).toBeNull();
    });
  });

  test('a role with a limit is refused there, and served by a direct URL', async () => {
    const url = await pooler();
    const admin = await connect(used.url);
    await admin.query(`alter database "${used.name}" set statement_timeout = '30s'`);
    const build = (db: ReturnType<typeof open>) =>
      db.direct(never, (session) => session.query('show statement_timeout'));
    await expect(build(open(url))).rejects.toMatchObject({
      code: 'BELLOWS_PG_POOLER',
      text: { next: expect.stringContaining('alter role "postgres" set statement_timeout = 0') },
    });
    expect(await build(open(url, { directUrl: used.url }))).toEqual([{ statement_timeout: '0' }]);
  });
});
