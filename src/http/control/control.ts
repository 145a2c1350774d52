/** The web page and the API of `bellows serve`, on a port of their own: metrics and health are for other readers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Operations } from '#api';
import { BellowsError } from '#core/errors';
import { type Listening, listen } from '../listen.js';
import { errorPage, pageRoutes } from '../page/routes.js';
import { apiRoutes } from './api-routes.js';
import { notFound, RequestError, statusOf, unexpected, wrongMethod } from './errors.js';
import { createGuard, type Guard, type Tokens } from './guard.js';
import { createLooks } from './looks.js';
import { atMost } from './patience.js';
import { errorJson, type Reply, SECURITY_HEADERS, seeOther } from './reply.js';
import { type Desk, type LagSample, type Route, routesAt } from './routes.js';

export interface ControlOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tokens: Tokens;
  readonly verbs: (actor: string) => Operations;
  readonly lag: () => readonly LagSample[];
  readonly version: string;
  /** Told of what nobody raised on purpose. */
  readonly report: (error: unknown) => void;
}

/** Longer than an action's patience: then it is PostgreSQL that does not answer. */
const ANSWER_MS = 12_000;
const SERVED = { what: 'The web page and the API', options: '`http.pagePort`' };

/** Throws `PortInUseError` and `ListenError`; the caller warns and runs on. */
export async function startControl(options: ControlOptions): Promise<Listening> {
  const { host, port, tokens, verbs, lag, version, report } = options;
  const guard = createGuard(host, tokens);
  const desk: Desk = { looks: createLooks(verbs('page')), verbs, guard, version, lag };
  const routes = [...apiRoutes(desk), ...pageRoutes(desk)];
  return listen(SERVED, { host, port, answerMs: ANSWER_MS }, async (request, response) => {
    const reply = await replyTo(routes, guard, request).catch((error: unknown) => {
      if (!(error instanceof BellowsError)) report(error);
      return refusal(error instanceof BellowsError ? error : unexpected(), request, version);
    });
    send(response, reply);
  });
}

async function replyTo(routes: readonly Route[], guard: Guard, request: IncomingMessage): Promise<Reply> {
  const { method = 'GET', headers } = request;
  guard.admit(headers, method);
  const url = new URL(request.url ?? '/', 'http://bellows.invalid');
  const found = routesAt(routes, url.pathname);
  const matched = found.find(({ route }) => route.method === (method === 'HEAD' ? 'GET' : method));
  if (found.length === 0) throw notFound(url.pathname);
  if (matched === undefined) throw wrongMethod([...new Set(found.map(({ route }) => route.method))]);
  const { route, params } = matched;
  if (route.access !== 'open') guard.permit(headers, route.access);
  const reply = await atMost(ANSWER_MS, route.answer({ request, params, query: url.searchParams }));
  if (reply === null) throw tooSlow();
  return reply;
}

/** Programs get a document, people a page; somebody without a token the place to type one in. */
function refusal(error: BellowsError, { url = '/', method }: IncomingMessage, version: string): Reply {
  const status = statusOf(error);
  const headers = error instanceof RequestError ? error.headers : {};
  if (url === '/api' || url.startsWith('/api/') || url.startsWith('/api?'))
    return errorJson(error, status, headers);
  if (status === 401 && method === 'GET') return seeOther('/login');
  return { ...errorPage(error, status, version), headers };
}

function tooSlow(): RequestError {
  return new RequestError(504, 'BELLOWS_TOO_SLOW', {
    what: `No answer within ${ANSWER_MS / 1_000} s.`,
    why: 'PostgreSQL does not answer, or is too busy.',
    left: 'What was asked may still be done.',
    next: 'Look at the status again; bellows status says the same in a terminal.',
  });
}

function send(response: ServerResponse, { status, type, body, headers = {} }: Reply): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
