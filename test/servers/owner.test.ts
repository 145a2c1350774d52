import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { serverIdentity } from '#servers/identity';
import { sweep } from '#servers/leftovers';
import { startOf } from '#servers/process-facts';
import { findRedisProgram } from '#servers/redis';
import { type SpawnedNode, type SpawnOptions, spawnNode } from '../support/processes.js';
import { until } from '../support/until.js';

const OWNER = fileURLToPath(new URL('./programs/owner.ts', import.meta.url));

interface Started {
  readonly pids: readonly number[];
  readonly folder: string;
}

async function startOwner(
  way: string,
  options?: SpawnOptions,
): Promise<{ owner: SpawnedNode; started: Started }> {
  const owner = spawnNode([OWNER, way], options);
  const [, json = ''] = await owner.waitForLine(/^started (.*)/, 30_000);
  const started = JSON.parse(json) as Started;
  // The other ways may have ended it already.
  if (way === 'wait') expect(started.pids.map(startOf)).not.toContain(undefined);
  return { owner, started };
}

const allGone = ({ pids }: Started) => pids.every((pid) => startOf(pid) === undefined);

function bindsToParent(): boolean {
  try {
    execFileSync('setpriv', ['--pdeathsig', 'INT', '--', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'stops the servers on %s, and still dies of it',
  async (signal) => {
    const { owner, started } = await startOwner('wait');
    expect(await owner.kill(signal)).toEqual({ code: null, signal });
    expect(allGone(started)).toBe(true);
    expect(existsSync(started.folder)).toBe(false);
  },
);

it.each([
  ['throw', 1],
  ['exit', 7],
  ['end', 0],
])('stops the servers when the program ends by "%s"', async (way, code) => {
  const { owner, started } = await startOwner(way);
  expect(await owner.exited).toEqual({ code, signal: null });
  expect(allGone(started)).toBe(true);
  expect(existsSync(started.folder)).toBe(false);
});

it.runIf(bindsToParent())(
  'loses the servers with an owner that is killed, and the folder with the next sweep',
  async () => {
    const { owner, started } = await startOwner('wait');
    await owner.kill('SIGKILL');
    await until(() => allGone(started), { what: 'the servers to follow their owner' });
    await sweep();
    expect(existsSync(started.folder)).toBe(false);
  },
);

it('sweeps the servers of a killed owner where nothing binds them to it, and spares those of a living one', async () => {
  const path = await pathWithoutSetpriv();
  const [dead, living] = await Promise.all([startOwner('wait', { env: { PATH: path } }), startOwner('wait')]);
  await dead.owner.kill('SIGKILL');
  expect(dead.started.pids.map(startOf)).not.toContain(undefined);
  await sweep();
  expect(allGone(dead.started)).toBe(true);
  expect(existsSync(dead.started.folder)).toBe(false);
  expect(living.started.pids.map(startOf)).not.toContain(undefined);
  await living.owner.kill();
  await rm(path, { recursive: true });
});

async function pathWithoutSetpriv(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bellows-test-'));
  // The Redis of a root owner runs as another user, who must be able to reach it.
  await chmod(folder, 0o755);
  const redis = await findRedisProgram();
  if (redis !== undefined) await symlink(redis, join(folder, 'redis-server'));
  return folder;
}

it.runIf(process.getuid?.() === 0)('works for an ordinary user', async () => {
  const user = serverIdentity();
  const { owner, started } = await startOwner('wait', { user });
  expect(await owner.kill()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(allGone(started)).toBe(true);
});
