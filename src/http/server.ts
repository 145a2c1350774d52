import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ListenError, PortInUseError } from './errors.js';
import type { Health } from './health.js';

export interface ObservabilityOptions {
  /** Default of the caller: 127.0.0.1. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly health: Health;
}

export interface Observability {
  /** `http://127.0.0.1:9484`. */
  readonly address: string;
  /** Stops listening, ends idle connections at once and the others after a second. */
  close(): Promise<void>;
}

/** A client that sends its request, or reads its answer, slower than this is cut off. Milliseconds. */
const SLOW_MS = 5_000;
const GRACE_MS = 1_000;
const MAX_CONNECTIONS = 64;

/**
 * Serves `GET /metrics`, `/healthz` and `/readyz`.
 *
 * Throws `PortInUseError` (`BELLOWS_PORT_IN_USE`) and `ListenError` (`BELLOWS_LISTEN`); the caller warns and runs on.
 */
export async function startObservability({
  host,
  port,
  metrics,
  health,
}: ObservabilityOptions): Promise<Observability> {
  const routes = routesOf(metrics, health);
  const server = createServer({ requestTimeout: SLOW_MS, headersTimeout: SLOW_MS }, (request, response) => {
    void answer(routes, request, response);
  });
  server.keepAliveTimeout = SLOW_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(2 * SLOW_MS);
  await listen(server, host, port);
  // What breaks a listening socket later (descriptors that ran out) breaks no run.
  server.on('error', () => undefined);
  return { address: addressOf(server), close: () => close(server) };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
type Route = () => Promise<Answer>;

const TEXT = 'text/plain; charset=utf-8';

function routesOf(metrics: ObservabilityOptions['metrics'], health: Health): ReadonlyMap<string, Route> {
  const spoken = (found: { readonly ok: boolean; readonly text: string }): Answer => ({
    status: found.ok ? 200 : 503,
    type: TEXT,
    body: `${found.text}\n`,
  });
  return new Map<string, Route>([
    ['/metrics', async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() })],
    ['/healthz', async () => spoken(health.live())],
    ['/readyz', async () => spoken(await health.ready())],
  ]);
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
  const { status, type, body } = await answerTo(routes, request, response);
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

async function answerTo(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> {
  const route = routes.get((request.url ?? '').split('?', 1)[0] ?? '');
  if (route === undefined) return { status: 404, type: TEXT, body: 'not found\n' };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return { status: 405, type: TEXT, body: 'method not allowed\n' };
  }
  // What went wrong stays in the process: an error's words may quote what nobody outside should read.
  return route().catch(() => ({ status: 500, type: TEXT, body: 'failed\n' }));
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw code === 'EADDRINUSE' ? new PortInUseError(host, port) : new ListenError(host, port, code);
  }
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new TypeError('a listening server has an address');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(grace);
}
