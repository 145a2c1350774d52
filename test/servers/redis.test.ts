import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRunFolder, removeRunFolder } from '#servers/folders';
import { freePort } from '#servers/free-port';
import { serverIdentity } from '#servers/identity';
import { launch } from '#servers/launch';
import { startOf } from '#servers/process-facts';
import { findRedis, findRedisProgram, startRedis } from '#servers/redis';

const program = await findRedisProgram();
afterEach(() => vi.unstubAllEnvs());

describe('findRedis', () => {
  it('prefers REDIS_URL', async () => {
    vi.stubEnv('REDIS_URL', 'redis://10.0.0.1:6379');
    expect(await findRedis()).toEqual({ kind: 'url', url: 'redis://10.0.0.1:6379' });
  });

  it('finds nothing on an empty PATH, and starting says what to install', async () => {
    vi.stubEnv('REDIS_URL', '');
    vi.stubEnv('PATH', '/nonexistent');
    expect(await findRedis()).toBeUndefined();
    await expect(startRedis()).rejects.toMatchObject({ code: 'BELLOWS_SERVER_MISSING' });
  });
});

/** One question on a connection of its own. */
async function ask(url: string, command: string, ...args: readonly string[]): Promise<unknown> {
  const client = new Redis(url, { maxRetriesPerRequest: 1 });
  client.on('error', () => undefined);
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

describe.runIf(program !== undefined)('startRedis', () => {
  it('keeps no data and evicts none; comes back empty on the same port', async () => {
    const redis = await startRedis();
    expect(await ask(redis.url, 'config', 'get', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'noeviction',
    ]);
    expect(await ask(redis.url, 'config', 'get', 'save')).toEqual(['save', '']);
    await ask(redis.url, 'set', 'a', '1');
    const { url, pid } = redis;
    await redis.kill();
    expect(startOf(pid)).toBeUndefined();
    await redis.restart();
    expect(redis.url).toBe(url);
    expect(await ask(url, 'get', 'a')).toBeNull();
    await redis.stop();
    expect(redis.alive).toBe(false);
  });

  it('takes another port when somebody was faster', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    const folder = await createRunFolder(false);
    const ports = [taken];
    const { process: server, port } = await launch({
      what: 'Redis',
      choosePort: async () => ports.pop() ?? freePort(),
      command: (chosen) => ({
        command: program!,
        args: ['--bind', '127.0.0.1', '--port', String(chosen), '--save', ''],
        identity: serverIdentity(),
        folder,
        hardSignal: 'SIGKILL',
      }),
      ready: async (chosen) =>
        chosen !== taken && (await ask(`redis://127.0.0.1:${chosen}`, 'ping')) === 'PONG',
    });
    expect(port).not.toBe(taken);
    await server.end('SIGINT');
    await removeRunFolder(folder);
    other.close();
  });
});
