import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health } from './health.js';
import { type Listening, listen } from './listen.js';

export interface ObservabilityOptions {
  /** Default of the caller: 127.0.0.1. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly health: Health;
}

export type Observability = Listening;

const SERVED = {
  what: 'Metrics and health',
  options: '`http.metricsPort`, `http.workerMetricsPort`',
};

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
  return listen(SERVED, { host, port }, (request, response) => answer(routes, request, response));
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
