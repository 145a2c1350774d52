import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect as connectSocket, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Listener } from '#core/events';
import { createLog } from '#observe/log';
import { connect, useDatabase } from '../support/database.js';
import { createUsers, one, reaches, SPLIT, stateOf, useStages } from './stage.js';

const used = useDatabase();
const stages = useStages();
const ROWS = 5_000;

async function isComplete(url: string): Promise<boolean> {
  const client = await connect(url);
  const wrong = `select count(*) filter (where first_name not like 'Given%')::integer as value from users having count(*) = ${ROWS}`;
  return (await one<number>(client, wrong)) === 0;
}

it('listeners that throw, at once or later, and a log that cannot be written break no run', async () => {
  await createUsers(await connect(used.url), ROWS);
  let told = 0;
  const atOnce: Listener = () => {
    told += 1;
    throw new Error('the observer broke');
  };
  const later: Listener = async () => {
    throw new Error('the observer broke, later');
  };
  const full = {
    write: () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  };
  const log = createLog({ level: 'trace', destination: full });
  const { bellows } = await stages.create({ url: used.url, listeners: [atOnce, later, log.listener] });
  const onProgress = () => {
    throw new Error('the progress broke');
  };
  const result = await bellows.up({ until: 'done', approve: { reason: 'unseen' }, onProgress });
  expect(result.reached).toBe(true);
  expect(told).toBeGreaterThan(10);
  expect(await isComplete(used.url)).toBe(true);
});

it('a port in use costs metrics and page, not the run', async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { bellows } = await stages.create({
    url: used.url,
    overrides: { http: { metricsPort: port, workerMetricsPort: port, pagePort: port } },
  });
  const end = new AbortController();
  const said: string[] = [];
  const onReady = (at: { readonly metrics: string; readonly page?: string }) =>
    void said.push(at.metrics, ...(at.page === undefined ? [] : [at.page]));
  const processes = [
    bellows.serve({ signal: end.signal, onReady }),
    bellows.worker({ signal: end.signal, onReady }),
  ];
  try {
    await bellows.up({ until: 'expanded', detach: true });
    await reaches(client, 'gated');
    expect(said).toHaveLength(3);
    expect(said.every((text) => text.startsWith('nowhere') && text.includes(String(port)))).toBe(true);
  } finally {
    end.abort();
    await Promise.all(processes);
    taken.close();
  }
  expect(await isComplete(used.url)).toBe(true);
});

it('pages whose database hangs, and clients that never read, hold up no run', async () => {
  const client = await connect(used.url);
  await createUsers(client, ROWS);
  const { bellows } = await stages.create({ url: used.url });
  await bellows.history();
  const { page, stop } = await stages.serve(bellows);
  const sessions = `select count(*)::integer as value from pg_stat_activity where application_name = 'bellows page'`;
  const stopped: number[] = [];
  const { port, hostname } = new URL(page);
  const sockets = Array.from({ length: 40 }, () => connectSocket(Number(port), hostname));
  try {
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.pause();
    }
    const asked = () =>
      sockets.map((socket, i) => {
        const path = i % 2 === 0 ? `/migrations/${SPLIT}` : `/api/migrations/${SPLIT}`;
        return socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      });
    await bellows.up({ until: 'expanded', detach: true });
    await (await fetch(`${page}/migrations/${SPLIT}`)).text();
    // The servers of the page's sessions stand still; they hold nothing.
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'bellows page' and datname = current_database()`,
    );
    stopped.push(...rows.map(({ pid }) => pid));
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    asked();
    const { reached } = await bellows.up();
    expect(reached).toBe(true);
    // Forty pages wait for the same answers, over the few connections that are the page's.
    expect(await one<number>(client, sessions)).toBeLessThanOrEqual(4);
    const began = performance.now();
    await stop();
    expect(performance.now() - began).toBeLessThan(15_000);
  } finally {
    for (const socket of sockets) socket.destroy();
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
  }
  expect(await isComplete(used.url)).toBe(true);
});

describe('a process whose stderr', () => {
  const command = fileURLToPath(new URL('../../src/cli/bellows.ts', import.meta.url));
  const loader = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));
  const args = ['--import', loader, command, 'up', '--until', 'done', '--approve', '--reason', 'unseen'];

  function options(cwd: string) {
    const { VITEST: _, NODE_OPTIONS: __, REDIS_URL: ___, ...env } = process.env;
    return { cwd, env: { ...env, DATABASE_URL: used.url, NODE_ENV: 'production' } };
  }

  it.runIf(process.platform === 'linux')('is a full disk carries its run to the end', async () => {
    const client = await connect(used.url);
    await createUsers(client, ROWS);
    const { cwd } = await stages.create({ url: used.url });
    const full = await open('/dev/full', 'w');
    const child = spawn(process.execPath, args, { ...options(cwd), stdio: ['ignore', 'pipe', full.fd] });
    const [code] = await once(child, 'exit');
    await full.close();
    expect(await stateOf(client)).toBe('done');
    expect(code).toBe(0);
    expect(await isComplete(used.url)).toBe(true);
  });

  it('is a pipe that nobody holds any more carries its run to the end', async () => {
    const client = await connect(used.url);
    await createUsers(client, ROWS);
    const { cwd } = await stages.create({ url: used.url });
    const child = spawn(process.execPath, args, { ...options(cwd), stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr?.destroy();
    const [code] = await once(child, 'exit');
    expect(await stateOf(client)).toBe('done');
    expect(code).toBe(0);
    expect(await isComplete(used.url)).toBe(true);
  });
});
