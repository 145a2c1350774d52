import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createBellows } from '#index';
import { freePort } from '#servers/free-port';
import { serverIdentity } from '#servers/identity';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { createUsers, one, startWriter, useStages } from './stage.js';

const redisUrl = inject('redisUrl');
const missing = [
  ...(spawnSync('pgbouncer', ['--version']).error === undefined ? [] : ['pgbouncer']),
  ...(redisUrl === null ? ['redis-server'] : []),
];
if (missing.length > 0)
  console.warn(`No ${missing.join(', no ')} on the PATH: no run through a pooler is tested.`);

const used = useDatabase();

describe.skipIf(missing.length > 0)('through PgBouncer in transaction mode, with Redis as the queue', () => {
  const running: { readonly child: ChildProcess; readonly folder: string }[] = [];
  // Registered before the stages, so it runs after they are closed.
  afterEach(async () => {
    for (const { child, folder } of running.splice(0)) {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    }
  });
  const stages = useStages();

  async function pooler(connections: number): Promise<string> {
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
      `default_pool_size = ${connections}`,
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

  it('a migration goes from its file to done, under writers that share the pool, and leaves no setting behind', async () => {
    const client = await connect(used.url);
    await createUsers(client, 10_000);
    const url = await pooler(6);
    const { bellows } = await stages.create({ url, overrides: { queueUrl: redisUrl ?? '' } });
    const gated = await bellows.up();
    expect(gated.reached).toBe(true);
    expect(
      await one(
        client,
        `select string_agg(indexrelid::regclass::text, ' ' order by relname) as value
      from pg_index join pg_class c on c.oid = indexrelid
      where indrelid = 'users'::regclass and indisvalid and relname like 'users_%e'`,
      ),
    ).toBe('users_last_name users_note');
    const writer = startWriter(await connect(url), (n) => [
      'insert into users (first_name, last_name) values ($1, $2)',
      [`New${n}`, 'Deploy'],
    ]);
    const done = await bellows.up({ until: 'done', approve: { reason: 'through the pooler' } });
    expect(done.reached).toBe(true);
    await writer.stop();
    expect(writer.errors).toEqual([]);
    const wrong = `select count(*)::integer as value from users where first_name is null or last_name is null`;
    expect(await one(client, wrong)).toBe(0);
    const settings = `select count(*)::integer as value from pg_settings
      where name in ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'row_security', 'session_replication_role')
      and source = 'session'`;
    const through = await Promise.all(Array.from({ length: 6 }, () => connect(url)));
    for (const session of through) expect(await one(session, settings)).toBe(0);
  }, 90_000);

  it('plain SQL runs once for two runners, with an index build beside other statements, and leaves no setting behind', async () => {
    const client = await connect(used.url);
    await createUsers(client, 100);
    const url = await pooler(3);
    const { cwd } = await stages.create({ url });
    await rm(join(cwd, 'migrations'), { recursive: true });
    await mkdir(join(cwd, 'migrations'));
    const file = (name: string, text: string) => writeFile(join(cwd, 'migrations', name), text);
    await file('20240101000000_a.sql', 'create table once (n int);\ninsert into once values (1);');
    await file(
      '20240102000000_b.sql',
      'create index concurrently once_n on once (n);\ninsert into once values (2);',
    );
    const runners = await Promise.all(
      [1, 2].map(() => createBellows({ cwd, overrides: { databaseUrl: url } })),
    );
    const results = await Promise.all(runners.map((bellows) => bellows.up()));
    for (const bellows of runners) await bellows.close();
    expect(results.map(({ reached }) => reached)).toEqual([true, true]);
    expect(await one(client, `select string_agg(n::text, ' ' order by n) as value from once`)).toBe('1 2');
    expect(
      await one(
        client,
        `select indisvalid::text as value from pg_index where indexrelid = 'once_n'::regclass`,
      ),
    ).toBe('true');
    const settings = `select count(*)::integer as value from pg_settings
      where name in ('lock_timeout', 'synchronous_commit', 'search_path') and source = 'session'`;
    const through = await Promise.all(Array.from({ length: 3 }, () => connect(url)));
    for (const session of through) expect(await one(session, settings)).toBe(0);
  }, 60_000);

  it('seeds and data checks leave no setting behind, not even one that a seed makes', async () => {
    const client = await connect(used.url);
    await createUsers(client, 100);
    const url = await pooler(1);
    const { bellows, cwd } = await stages.create({ url });
    await mkdir(join(cwd, 'seeds'));
    await writeFile(
      join(cwd, 'seeds', 'development.sql'),
      `set search_path = pg_catalog; set statement_timeout = '7s'; insert into public.users (full_name) values ('Ann Lee');`,
    );
    expect((await bellows.seed()).files).toMatchObject([{ ran: true, statements: 3 }]);
    expect(await bellows.check()).toMatchObject({ unknown: 0 });
    const session = await connect(url);
    expect(
      await one(session, `select count(*)::integer as value from users where full_name = 'Ann Lee'`),
    ).toBe(1);
    const changed = `select count(*)::integer as value from pg_settings
      where name in ('search_path', 'statement_timeout', 'row_security', 'enable_seqscan', 'transaction_read_only')
      and source = 'session'`;
    expect(await one(session, changed)).toBe(0);
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => socket.destroy()).end();
  });
}
