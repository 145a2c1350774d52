/** An HTTP server that no client can hold up: slow ones are cut off, many are refused, and what breaks it breaks nothing else. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ListenError, PortInUseError, type Served } from './errors.js';

export interface Listening {
  /** `http://127.0.0.1:9484`. */
  readonly address: string;
  /** Stops listening, ends idle connections at once and the others after a second. */
  close(): Promise<void>;
}

/** A client that sends its request, or reads its answer, slower than this is cut off. Milliseconds. */
const SLOW_MS = 5_000;
/** How often that is looked at; Node's default is half a minute. */
const CHECK_MS = 1_000;
const GRACE_MS = 1_000;
const MAX_CONNECTIONS = 64;

export interface Where {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** How long an answer may take to be made, in milliseconds. Default: 5,000. */
  readonly answerMs?: number;
}

/** Throws `PortInUseError` (`BELLOWS_PORT_IN_USE`) and `ListenError` (`BELLOWS_LISTEN`); the caller warns and runs on. */
export async function listen(
  served: Served,
  { host, port, answerMs = SLOW_MS }: Where,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Listening> {
  const limits = { requestTimeout: SLOW_MS, headersTimeout: SLOW_MS, connectionsCheckingInterval: CHECK_MS };
  const server = createServer(limits, (request, response) => {
    // An answer that fails half-way has nobody left to tell; the connection is what ends.
    answer(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = SLOW_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(SLOW_MS + answerMs);
  await opened(server, served, host, port);
  // What breaks a listening socket later (descriptors that ran out) breaks no run.
  server.on('error', () => undefined);
  return { address: addressOf(server), close: () => close(server) };
}

async function opened(server: Server, served: Served, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw code === 'EADDRINUSE'
      ? new PortInUseError(served, host, port)
      : new ListenError(served, host, port, code);
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
