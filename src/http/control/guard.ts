/**
 * Who may look and who may act. Without a token only this machine is served: the server listens on loopback, and a browser
 * there must have asked for loopback by name, so that no page of elsewhere reaches it under a name of its own (DNS
 * rebinding). With a token the token decides: a page of elsewhere has none, and the cookie that stands for it is sent by
 * requests of this very page only.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { RequestError } from './errors.js';

export type Access = 'read' | 'write';

export interface Tokens {
  readonly read: string | null;
  readonly write: string | null;
}

export interface Guard {
  /** Throws `RequestError` where a request may not be answered at all. */
  admit(headers: IncomingHttpHeaders, method: string): void;
  /** Throws `RequestError` where whoever asks may not do this. */
  permit(headers: IncomingHttpHeaders, access: Access): void;
  allows(headers: IncomingHttpHeaders, access: Access): boolean;
  /** The cookie for a token that was typed in; null where it is none. */
  cookieFor(token: string): string | null;
  /** Whether a token opens more than what is open. */
  readonly takesTokens: boolean;
}

const COOKIE = 'bellows';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

export function createGuard(host: string, tokens: Tokens): Guard {
  const local = isLoopback(host);
  const takesTokens = tokens.read !== null || tokens.write !== null;
  const accepted = (access: Access): readonly string[] =>
    [tokens.write, access === 'read' ? tokens.read : null].filter((token) => token !== null);
  const allows: Guard['allows'] = (headers, access) => {
    if (!takesTokens) return local;
    return accepted(access).some((token) => same(presented(headers), fingerprint(token)));
  };
  return {
    takesTokens,
    allows,
    admit: (headers, method) => {
      if (!takesTokens) refuseForeignHost(headers);
      if (method !== 'GET' && method !== 'HEAD') refuseForeignOrigin(headers);
    },
    permit: (headers, access) => {
      if (allows(headers, access)) return;
      throw accepted(access).length === 0 ? notServed(access) : unauthorized(access, headers);
    },
    cookieFor: (token) => {
      const known = accepted('read').some((one) => same(fingerprint(token), fingerprint(one)));
      // No `Secure`: on loopback it is plain HTTP; a proxy that speaks TLS adds it.
      return known ? `${COOKIE}=${fingerprint(token)}; Path=/; HttpOnly; SameSite=Strict` : null;
    },
  };
}

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);
}

/** What a browser keeps in place of the token. */
function fingerprint(token: string): string {
  return createHash('sha256').update(`bellows page ${token}`).digest('hex');
}

function presented({ authorization, cookie }: IncomingHttpHeaders): string {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  if (bearer !== undefined) return fingerprint(bearer);
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f]{64})(?:;|$)`).exec(cookie ?? '')?.[1] ?? '';
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refuseForeignHost({ host }: IncomingHttpHeaders): void {
  if (LOOPBACK.test(host ?? '')) return;
  throw new RequestError(403, 'BELLOWS_FOREIGN_HOST', {
    what: 'This server was asked for under a name that is not loopback.',
    why: 'Without a token it serves this machine alone; a foreign name may be a page of elsewhere that resolves to this machine.',
    next: 'Ask for http://127.0.0.1 or http://localhost, or set `http.writeToken` and `http.readToken`.',
  });
}

/** A browser says where a request comes from; a program that says nothing is no browser, and needs no protection from one. */
function refuseForeignOrigin(headers: IncomingHttpHeaders): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const own =
    origin === undefined
      ? site === undefined || site === 'same-origin' || site === 'none'
      : URL.canParse(origin) && new URL(origin).host === host;
  if (own) return;
  throw new RequestError(403, 'BELLOWS_FOREIGN_ORIGIN', {
    what: 'The request comes from a page of another origin.',
    why: 'Nobody but this page and programs may move a run.',
    next: 'Open the page of this server itself; behind a proxy, let it pass the Host header on.',
  });
}

function notServed(access: Access): RequestError {
  const option = access === 'write' ? '`http.writeToken`' : '`http.readToken` or `http.writeToken`';
  return new RequestError(403, 'BELLOWS_NOT_SERVED', {
    what: access === 'write' ? 'Nothing can be changed here.' : 'Nothing is shown here.',
    why: 'What is served beyond this machine, or behind a token for looking, needs a token of its own.',
    next: `Set ${option} (or the variable), and start bellows serve again.`,
  });
}

function unauthorized(access: Access, headers: IncomingHttpHeaders): RequestError {
  const known = presented(headers) !== '';
  return new RequestError(
    known ? 403 : 401,
    'BELLOWS_TOKEN',
    {
      what: known ? 'This token does not allow it.' : 'A token is needed.',
      why: access === 'write' ? 'Only the write token moves a run.' : 'This server shows nothing without it.',
      next: 'Send it as `Authorization: Bearer …`; in a browser, log in at /login.',
    },
    known ? {} : { 'WWW-Authenticate': 'Bearer realm="bellows"' },
  );
}
