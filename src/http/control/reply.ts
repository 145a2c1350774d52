import { type BellowsError, errorDocument } from '#core/errors';

/** An answer, complete before the first byte of it is sent. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const HTML = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * With every answer: nothing is loaded from elsewhere, no script stands in a page, nobody may put the page into a frame,
 * and nothing is kept by a cache.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // Not `no-referrer`: with that a browser sends `Origin: null` with this page's own forms.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

export function json(document: unknown, status = 200): Reply {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(document, null, 2)}\n` };
}

export function seeOther(location: string, headers: Reply['headers'] = {}): Reply {
  return { status: 303, type: HTML, body: '', headers: { ...headers, Location: location } };
}

export function errorJson(error: BellowsError, status: number, headers: Reply['headers'] = {}): Reply {
  return { ...json(errorDocument(error), status), headers };
}
