/** create, drop, reset, wait and up on a real server, by the command line with the real Bellows behind it. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Connect, Io } from '#cli/io';
import { runCli } from '#cli/run';
import { createBellows } from '#index';
import { freePort } from '#servers/free-port';
import { startPostgres } from '#servers/postgres';
import { folderWith } from '../project/folder.js';
import { connect } from '../support/database.js';

const PROJECT = {
  'migrations/_empty.ts': '',
  'bellows.config.ts': `export default { environments: { dev: { gate: 'data-only' }, production: {} } };`,
};

let count = 0;
const made: string[] = [];
function fresh(): { readonly name: string; readonly url: string } {
  count += 1;
  const name = `verbs_${process.pid}_${Date.now().toString(36)}_${count}`;
  made.push(name);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return { name, url: url.href };
}

async function admin(text: string, values: readonly string[] = []): Promise<number> {
  const client = await connect(inject('postgresUrl'));
  return (await client.query(text, [...values])).rowCount ?? 0;
}
const isThere = async (name: string) =>
  (await admin('select from pg_database where datname = $1', [name])) === 1;

afterEach(async () => {
  for (const name of made.splice(0)) await admin(`drop database if exists "${name}" with (force)`);
});

interface Typed {
  readonly cwd: string;
  readonly url: string;
  /** What is typed on the terminal; without it there is none. */
  readonly answer?: string;
}

async function bellows(line: string, { cwd, url, answer }: Typed) {
  const out = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      out[name] += text;
    },
  });
  const io: Io = {
    ...{ stdout: sink('stdout'), stderr: sink('stderr'), env: {}, cwd },
    isTTY: answer !== undefined,
    ...(answer === undefined ? {} : { prompt: async () => answer }),
  };
  const open: Connect = (options) => createBellows({ ...options, actor: 'test' });
  const exit = await runCli([...line.split(' '), '--database-url', url], io, open);
  return { exit, ...out };
}

describe('up', () => {
  it('creates a missing database and says so; in production only when told', async () => {
    const cwd = await folderWith(PROJECT);
    const dev = fresh();
    const first = await bellows('up --env dev', { cwd, url: dev.url });
    expect(first).toMatchObject({ exit: 0, stderr: expect.stringContaining(`Created database ${dev.name}`) });
    const live = fresh();
    const refused = await bellows('up --env production', { cwd, url: live.url });
    expect(refused).toMatchObject({ exit: 3, stderr: expect.stringContaining('bellows up --create') });
    expect(await isThere(live.name)).toBe(false);
    expect((await bellows('up --env production --create', { cwd, url: live.url })).exit).toBe(0);
    expect(await isThere(live.name)).toBe(true);
  });
});

describe('a project of dbmate with search_path in its URL', () => {
  it('gets the schema, its tables in it, and a schema file; reset makes it all again', async () => {
    const cwd = await folderWith({
      'db/migrations/20240101000000_people.sql':
        '-- migrate:up\ncreate table people (id bigint primary key);\n-- migrate:down\ndrop table people;\n',
    });
    const { name, url } = fresh();
    const all = { cwd, url: `${url}?sslmode=disable&search_path=app,public` };
    expect(await bellows('up', all)).toMatchObject({ exit: 0 });
    const tables = async () => {
      const client = await connect(url);
      const { rows } = await client.query<{ one: string }>(
        `select schemaname || '.' || tablename as one from pg_tables where schemaname in ('app', 'public') order by 1`,
      );
      await client.end();
      return rows.map(({ one }) => one);
    };
    expect(await tables()).toEqual(['app.people', 'app.schema_migrations']);
    await rm(join(cwd, 'db/schema.sql'));
    const again = await bellows('reset --yes', all);
    expect(again, again.stderr).toMatchObject({
      ...{ exit: 0, stdout: expect.stringContaining(`Dropped and created database ${name}.`) },
    });
    expect(await tables()).toEqual(['app.people', 'app.schema_migrations']);
    expect(await readFile(join(cwd, 'db/schema.sql'), 'utf8')).toContain('people');
  }, 30_000);
});

describe('create and drop', () => {
  it('answer in words and in JSON, and may be repeated', async () => {
    const cwd = await folderWith();
    const { name, url } = fresh();
    const json = async (line: string) => JSON.parse((await bellows(`${line} --json`, { cwd, url })).stdout);
    expect(await json('create')).toEqual({ database: name, created: true });
    expect(await json('create')).toEqual({ database: name, created: false });
    expect((await bellows('create', { cwd, url })).stdout).toContain('is there already');
    expect(await json('drop --yes')).toEqual({ database: name, dropped: true });
    expect(await json('drop --yes')).toEqual({ database: name, dropped: false });
  });

  it('drop asks on a terminal, and is refused where nobody can be asked', async () => {
    const cwd = await folderWith();
    const { name, url } = fresh();
    await bellows('create', { cwd, url });
    expect((await bellows('drop', { cwd, url })).exit).toBe(2);
    expect((await bellows('drop', { cwd, url, answer: 'n' })).exit).toBe(1);
    expect(await isThere(name)).toBe(true);
    expect((await bellows('drop', { cwd, url, answer: 'y' })).exit).toBe(0);
    expect(await isThere(name)).toBe(false);
  });

  it('in production neither drop nor reset goes without the name, by no other way', async () => {
    const cwd = await folderWith(PROJECT);
    const { name, url } = fresh();
    await bellows('create', { cwd, url });
    const all = { cwd, url };
    for (const verb of ['drop', 'reset']) {
      const inProduction = `${verb} --env production --force`;
      const yes = await bellows(`${inProduction} --yes`, all);
      expect(yes).toMatchObject({ exit: 2, stderr: expect.stringContaining(`--confirm ${name}`) });
      expect((await bellows(`${inProduction} --confirm other --yes`, all)).exit).toBe(2);
      expect((await bellows(inProduction, { ...all, answer: 'y' })).exit).toBe(1);
      expect((await bellows(`${inProduction} --yes`, { ...all, answer: 'yes' })).exit).toBe(1);
      expect(await isThere(name)).toBe(true);
    }
    expect((await bellows('drop --env production', { ...all, answer: name })).exit).toBe(0);
    await bellows('create', all);
    expect((await bellows(`drop --env production --confirm ${name}`, all)).exit).toBe(0);
    expect(await isThere(name)).toBe(false);
  });

  it('another machine is guarded as production is, before it is connected to', async () => {
    const cwd = await folderWith();
    const ran = await bellows('drop --yes', { cwd, url: 'postgres://u:hunter2@db.example.com/shop' });
    expect(ran).toMatchObject({ exit: 2, stderr: expect.stringContaining('is not this machine') });
    expect(ran.stderr).not.toContain('hunter2');
  });
});

describe('reset', () => {
  it('leaves an empty database with everything applied', async () => {
    const cwd = await folderWith(PROJECT);
    const { name, url } = fresh();
    await bellows('up --env dev', { cwd, url });
    const client = await connect(url);
    await client.query('create table leftover (id int)');
    expect((await bellows('reset --env dev --yes', { cwd, url })).exit).toBe(1);
    await client.end();
    const ran = await bellows('reset --env dev --yes --json', { cwd, url });
    expect(ran.exit, ran.stdout + ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ...{ database: name, dropped: true },
      up: { reached: true, migrations: [] },
    });
    const after = await connect(url);
    const { rows } = await after.query(`select to_regclass('leftover') as leftover`);
    expect(rows).toEqual([{ leftover: null }]);
  }, 30_000);

  it('by the library too, on connections that are open', async () => {
    const { url } = fresh();
    const one = await createBellows({
      cwd: await folderWith(PROJECT),
      ...{ env: 'dev', overrides: { databaseUrl: url }, actor: 'test' },
    });
    await one.up();
    expect(await one.reset()).toMatchObject({ dropped: true, up: { reached: true } });
    expect(await one.history()).toEqual([]);
    await one.close();
  });
});

describe('wait', () => {
  it('ends with 3 when the time is over, having said why, and never the password', async () => {
    const cwd = await folderWith();
    const url = `postgres://u:hunter2@127.0.0.1:${await freePort()}/shop`;
    const ran = await bellows('wait --timeout 300ms --interval 50ms', { cwd, url });
    expect(ran).toMatchObject({ exit: 3, stdout: '' });
    expect(ran.stderr.match(/Waiting for the server/g)).toHaveLength(1);
    expect(ran.stderr).toContain('BELLOWS_WAIT_TIMEOUT');
    expect(ran.stdout + ran.stderr).not.toContain('hunter2');
  });

  it('goes on once the server is there; so does any command with --wait', async () => {
    const cwd = await folderWith(PROJECT);
    const server = await startPostgres({ settings: { fsync: 'off' } });
    await server.kill();
    const url = server.url.replace(/postgres$/, 'shop');
    const waiting = bellows('wait --timeout 60s --interval 50ms', { cwd, url });
    const going = bellows('up --env dev --wait', { cwd, url });
    await server.restart();
    try {
      expect(await waiting).toMatchObject({ exit: 0, stdout: expect.stringContaining('answers') });
      const ran = await going;
      expect(ran.exit, ran.stderr).toBe(0);
      expect(ran.stderr).toContain('Waiting for the server');
    } finally {
      await server.stop('immediate');
    }
  }, 60_000);
});
