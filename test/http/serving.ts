/** A real `serve` and a real worker on a project of one migration, and how a test asks them. */
import { request as httpRequest } from 'node:http';
import { afterEach } from 'vitest';
import type { Bellows } from '#api';
import { until } from '../support/until.js';

export interface Served {
  readonly page: string;
  readonly metrics: string;
}

export interface Servings {
  /** Until the test ends. */
  serve(bellows: Bellows): Promise<Served>;
  work(bellows: Bellows): Promise<() => Promise<void>>;
  /** All of them, before the test ends. */
  end(): Promise<void>;
}

/** To be called after the database and the projects, so that it ends before they do. */
export function useServings(): Servings {
  const ends: (() => Promise<void>)[] = [];
  const endAll = async () => {
    for (const end of ends.splice(0)) await end();
  };
  afterEach(endAll);
  const begin = (run: (signal: AbortSignal) => Promise<void>): (() => Promise<void>) => {
    const stop = new AbortController();
    const running = run(stop.signal);
    const end = async () => {
      stop.abort();
      await running;
    };
    ends.push(end);
    return end;
  };
  return {
    end: endAll,
    serve: (bellows) =>
      new Promise((resolve, reject) => {
        begin((signal) => {
          const running = bellows.serve({ signal, onReady: resolve });
          running.catch(reject);
          return running;
        });
      }),
    work: async (bellows) => {
      let ready = false;
      const end = begin((signal) =>
        bellows.worker({
          signal,
          onReady: () => {
            ready = true;
          },
        }),
      );
      await until(async () => ready, { timeoutMs: 10_000, everyMs: 20, what: 'the worker' });
      return end;
    },
  };
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Unlike `fetch` it sends whatever Host and Origin it is told to. */
export async function ask(
  url: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

export async function post(url: string, fields: object, headers: Asked['headers'] = {}): Promise<Answered> {
  return ask(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
}

/** The document of an answer; `status` stands beside it so that a wrong one shows what was said. */
export function document(answered: Answered): { readonly status: number; readonly [key: string]: unknown } {
  return { status: answered.status, ...(JSON.parse(answered.text) as object) };
}
