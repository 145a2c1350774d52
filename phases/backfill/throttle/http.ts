import { unreadable } from './reading.js';
import { defineSignal } from './signal.js';

/**
 * The user's own check: any answer but 2xx holds. A redirect is not followed, so that whoever answers cannot send the worker
 * to an address that nobody declared; the body is not read.
 */
export const http = defineSignal({
  id: 'http',
  defaultOn: false,
  apart: true,
  limits: { timeoutSeconds: 2 },
  open:
    () =>
    async ({ declared, limits: { timeoutSeconds } }) => {
      const url = String(declared.url);
      const shown = withoutQuery(url);
      const status = await ask(url, timeoutSeconds * 1_000);
      if (status === null) return unreadable(`${shown} does not answer within ${timeoutSeconds} s`);
      const well = status >= 200 && status < 300;
      return {
        value: status,
        limit: 299,
        verdict: well ? 'go' : 'stop',
        utilisation: well ? 0 : 1,
        text: `${shown} answers ${status} (2xx lets it go)`,
        release: `${shown} answers 2xx`,
      };
    },
});

async function ask(url: string, milliseconds: number): Promise<number | null> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(milliseconds) });
    await response.body?.cancel();
    return response.status;
  } catch {
    return null;
  }
}

/** What may be shown: a query string may hold a token. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
