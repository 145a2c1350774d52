import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ServerError } from '#servers/errors';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { ownMark, startOf } from '#servers/process-facts';
import { connect } from '../support/connections.js';

const settings = { fsync: 'off' };

async function show(server: PostgresServer, setting: string): Promise<string> {
  const client = await connect(server.url);
  const { rows } = await client.query<{ value: string }>('select current_setting($1) as value', [setting]);
  return rows[0]?.value ?? '';
}

async function words(server: PostgresServer): Promise<readonly string[]> {
  const client = await connect(server.url);
  const { rows } = await client.query<{ word: string }>('select word from said order by word');
  return rows.map((row) => row.word);
}

async function say(server: PostgresServer, word: string): Promise<void> {
  const client = await connect(server.url);
  await client.query('create table if not exists said (word text)');
  await client.query('insert into said values ($1)', [word]);
}

const ownFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`bellows-${ownMark()}-`));

describe('one server', () => {
  let server: PostgresServer | undefined;
  afterAll(() => server?.stop());

  it('listens on loopback only, with the settings asked for', async () => {
    server = await startPostgres({ settings: { fsync: 'off', work_mem: '7MB', cluster_name: "it's\\ours" } });
    expect(await show(server, 'server_version_num')).toMatch(/^18/);
    expect(await show(server, 'work_mem')).toBe('7MB');
    expect(await show(server, 'cluster_name')).toBe("it's\\ours");
    expect(await show(server, 'full_page_writes')).toBe('on');
    expect(await show(server, 'listen_addresses')).toBe('127.0.0.1');
    expect(await show(server, 'unix_socket_directories')).toBe('');
    expect(await show(server, 'server_encoding')).toBe('UTF8');
    expect(await show(server, 'TimeZone')).toMatch(/UTC$/);
  });

  it.each(['fast', 'immediate'] as const)('keeps port and data over a %s restart', async (mode) => {
    const before = { port: server!.port, pid: server!.pid };
    await say(server!, mode);
    await server!.restart(mode);
    expect(server!.port).toBe(before.port);
    expect(server!.pid).not.toBe(before.pid);
    expect(await words(server!)).toContain(mode);
  });

  it('comes back from a crash of the postmaster with clients connected', async () => {
    await say(server!, 'crash');
    const client = await connect(server!.url);
    await server!.kill();
    expect(server!.alive).toBe(false);
    await server!.restart();
    expect(await words(server!)).toContain('crash');
    await expect(client.query('select 1')).rejects.toThrow();
  });

  it('lets alter system change what it was started with', async () => {
    const client = await connect(server!.url);
    await client.query(`alter system set work_mem = '9MB'`);
    await server!.restart();
    expect(await show(server!, 'work_mem')).toBe('9MB');
  });

  it('leaves neither process nor folder', async () => {
    const { pid, logFile } = server!;
    await server!.stop();
    await server!.stop();
    expect(startOf(pid)).toBeUndefined();
    expect(existsSync(dirname(logFile))).toBe(false);
  });
});

it('uses a data folder of the caller again, and leaves it there', async () => {
  const place = await mkdtemp(join(tmpdir(), 'bellows-test-'));
  // A server that root starts runs as another user, who must be able to get there.
  await chmod(place, 0o755);
  const dataDir = join(place, 'data');
  const first = await startPostgres({ settings, dataDir });
  await say(first, 'kept');
  await first.stop();
  const second = await startPostgres({ settings, dataDir });
  expect(await words(second)).toEqual(['kept']);
  await second.stop();
  await rm(place, { recursive: true });
});

it('tells why a server did not start, and leaves nothing', async () => {
  const before = ownFolders();
  const failed = startPostgres({ settings: { work_mem: 'plenty' } });
  await expect(failed).rejects.toThrow(ServerError);
  await expect(failed).rejects.toThrow(
    /PostgreSQL 18 ended with exit code 1; its last words:[\s\S]*"work_mem": "plenty"/,
  );
  await expect(failed).rejects.toMatchObject({ code: 'BELLOWS_SERVER_START' });
  expect(ownFolders()).toEqual(before);
});

it('starts several at once', async () => {
  const servers = await Promise.all(
    [14, 18, 18].map((major) => startPostgres({ settings, major: major === 14 ? 14 : 18 })),
  );
  expect(new Set(servers.map((server) => server.port)).size).toBe(3);
  expect(await show(servers[0]!, 'server_version_num')).toMatch(/^14/);
  await Promise.all(servers.map((server) => server.stop('immediate')));
});
