import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectSocket, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { renderError } from '#core/errors';
import { ListenError, PortInUseError } from '#http/errors';
import { createHealth } from '#http/health';
import { type Observability, startObservability } from '#http/server';
import { createMetrics } from '#observe/metrics';
import { stateReader } from '#observe/state';
import { createDatabase } from '#postgres/database';
import { installSchema } from '#postgres/install';
import { parseExposition } from '../observe/exposition.js';
import { useDatabase } from '../support/database.js';

const open: Observability[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const metrics = { text: async () => 'a 1\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' };
const health = () => createHealth({ ping: async () => undefined });

async function start(options: Partial<Parameters<typeof startObservability>[0]> = {}): Promise<string> {
  const server = await startObservability({
    host: '127.0.0.1',
    port: 0,
    metrics,
    health: health(),
    ...options,
  });
  open.push(server);
  return server.address;
}

describe('the server', () => {
  it('serves metrics with their content type, and nothing that a browser might guess at', async () => {
    const response = await fetch(`${await start()}/metrics?x=1`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(metrics.contentType);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe('a 1\n');
  });

  it('knows three paths, and reading only', async () => {
    const address = await start();
    for (const path of ['/', '/metrics/', '/metrics/x', '/api', '/%6detrics', '//metrics']) {
      expect((await fetch(`${address}${path}`)).status, path).toBe(404);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await fetch(`${address}/healthz`, { method });
      expect([response.status, response.headers.get('allow')], method).toEqual([405, 'GET, HEAD']);
    }
    const head = await fetch(`${address}/metrics`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '4', '']);
  });

  it('tells nobody outside what went wrong inside', async () => {
    const failing = { ...metrics, text: () => Promise.reject(new Error('password=geheim')) };
    const response = await fetch(`${await start({ metrics: failing })}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, 'failed\n']);
  });

  it('says that a port is in use, and what to do', async () => {
    const address = new URL(await start());
    const port = Number(address.port);
    const error = await start({ port }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PortInUseError);
    if (!(error instanceof PortInUseError)) return;
    expect(error.code).toBe('BELLOWS_PORT_IN_USE');
    expect(error.data).toEqual({ host: '127.0.0.1', port });
    expect(renderError(error).join('\n').replaceAll(String(port), '<port>')).toMatchInlineSnapshot(`
      "Metrics and health cannot be served: another process listens on 127.0.0.1, port <port>. [BELLOWS_PORT_IN_USE]
      why:  One port belongs to one process; on one host every process needs a port of its own.
      left: Migrations run as they would; only this is not to be had here.
      next: Set another port in the configuration (\`http.metricsPort\`, \`http.workerMetricsPort\`); 0 takes any that is free."
    `);
    // The one that was there first goes on.
    expect((await fetch(`${address.origin}/healthz`)).status).toBe(200);
  });

  it('says that an address is not of this machine', async () => {
    await expect(start({ host: '203.0.113.1' })).rejects.toThrow(ListenError);
  });

  it('closes at once with idle connections open, and soon with a request under way', async () => {
    const agent = new Agent({ keepAlive: true });
    let release = () => {};
    const slow = {
      ...metrics,
      text: () =>
        new Promise<string>((resolve) => {
          release = () => resolve('late\n');
        }),
    };
    const idle = await startObservability({ host: '127.0.0.1', port: 0, metrics: slow, health: health() });
    const response = await get(`${idle.address}/healthz`, agent);
    response.resume();
    await once(response, 'end');
    let begun = performance.now();
    await idle.close();
    await idle.close();
    expect(performance.now() - begun).toBeLessThan(500);

    const busy = await startObservability({ host: '127.0.0.1', port: 0, metrics: slow, health: health() });
    const waiting = get(`${busy.address}/metrics`, agent).catch((error: unknown) => error);
    await get(`${busy.address}/healthz`, new Agent());
    begun = performance.now();
    await busy.close();
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(await waiting).toBeInstanceOf(Error);
    release();
    agent.destroy();
  });

  it('cuts off a client that never finishes its request', { timeout: 60_000 }, async () => {
    const address = new URL(await start());
    const socket = connectSocket(Number(address.port), '127.0.0.1');
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n');
    const begun = performance.now();
    socket.resume();
    await once(socket, 'close');
    expect(performance.now() - begun).toBeLessThan(45_000);
  });
});

function get(url: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { agent }, resolve).on('error', reject).end();
  });
}

describe('health', () => {
  it('is alive while the loop ticks, whatever PostgreSQL does', async () => {
    let seconds = 0;
    const watched = createHealth({
      ping: () => Promise.reject(new Error('down')),
      now: () => seconds * 1_000,
    });
    const address = await start({ health: watched });
    const status = async (path: string) => (await fetch(`${address}${path}`)).status;
    expect(await status('/healthz')).toBe(200);
    expect(await status('/readyz')).toBe(503);
    seconds = 100;
    watched.tick();
    seconds = 160;
    expect(await status('/healthz')).toBe(200);
    seconds = 161;
    const stuck = await fetch(`${address}/healthz`);
    expect([stuck.status, await stuck.text()]).toEqual([503, 'no tick for 61 s\n']);
    watched.tick();
    expect(await status('/healthz')).toBe(200);
  });

  it('is not ready while PostgreSQL hangs, and asks it only once', async () => {
    // Takes connections and says nothing, as a stopped server does.
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const bound = silent.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    let asked = 0;
    const database = createDatabase({
      url: `postgres://u@127.0.0.1:${bound.port}/d?sslmode=disable&connect_timeout=5`,
      applicationName: 'probe',
    });
    const ping = () => {
      asked += 1;
      return database.query('select 1');
    };
    const address = await start({ health: createHealth({ ping, timeoutMs: 300 }) });
    for (let i = 0; i < 3; i += 1) {
      const begun = performance.now();
      expect((await fetch(`${address}/readyz`)).status).toBe(503);
      expect(performance.now() - begun).toBeLessThan(1_500);
    }
    expect(asked).toBe(1);
    silent.close();
    await database.close();
  });
});

describe('with PostgreSQL', () => {
  const used = useDatabase();

  it('serves the ledger and is ready', async () => {
    const database = createDatabase({ url: used.url, applicationName: 'serve' });
    try {
      await installSchema(database);
      const address = await start({
        metrics: createMetrics({ version: '1', readState: stateReader(database) }),
        health: createHealth({ ping: () => database.query('select 1') }),
      });
      expect((await fetch(`${address}/readyz`)).status).toBe(200);
      const seen = parseExposition(await (await fetch(`${address}/metrics`)).text());
      expect(seen.one('bellows_postgres_up')).toBe(1);
      expect(seen.one('bellows_workers', { state: 'live' })).toBe(0);
      expect(seen.types.get('nodejs_eventloop_lag_seconds')).toBe('gauge');
    } finally {
      await database.close();
    }
  });
});
