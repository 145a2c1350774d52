/** One connection of a deploy: requests at their own times, each measured, none repeated. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Sample } from '../latency.js';
import type { Pick, Request } from './deploy.js';

export interface Workload {
  readonly application: string;
  readonly databaseUrl: string;
  readonly requests: readonly Request[];
  readonly pick: Pick;
  /** Milliseconds between two requests of one connection, on average; may change at any time. */
  readonly gapMs: () => number;
  readonly seen: (sample: Sample) => void;
  readonly failed: (what: string) => void;
}

export async function connect({ application, databaseUrl, failed }: Workload): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: application });
  client.on('error', (error) => failed(`${application} lost a connection: ${error.message}`));
  await client.connect();
  return client;
}

/**
 * Requests are due whether or not the one before has come back: what waits behind a slow one is slow too, as for the users
 * of a real application.
 */
export async function work(client: pg.Client, workload: Workload, signal: AbortSignal): Promise<void> {
  const total = workload.requests.reduce((sum, { weight }) => sum + weight, 0);
  let due = now() + Math.random() * workload.gapMs();
  let freeSince = 0;
  while (!signal.aborted) {
    if (due > now()) await delay(due - now(), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    // A timer that rings late is this process' doing and not the database's.
    const from = freeSince > due ? due : now();
    await perform(client, choose(workload.requests, Math.random() * total), workload);
    freeSince = now();
    workload.seen({ at: from, ms: freeSince - from });
    due += workload.gapMs() * (0.5 + Math.random());
  }
}

function choose(requests: readonly Request[], point: number): Request {
  let left = point;
  const chosen = requests.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  const last = chosen ?? requests.at(-1);
  if (last === undefined) throw new TypeError('a deploy has at least one request');
  return last;
}

async function perform(client: pg.Client, request: Request, workload: Workload): Promise<void> {
  const where = `${workload.application} ${request.name}`;
  try {
    const { rows, rowCount } = await client.query<Readonly<Record<string, unknown>>>(request.sql, [
      ...request.values(workload.pick),
    ]);
    if (request.rows === 'one' && rowCount !== 1)
      workload.failed(`${where}: ${rowCount} rows instead of one`);
    for (const column of nullColumns(rows)) workload.failed(`${where}: ${column} is null`);
  } catch (error) {
    const { code = '', message } = error as Error & { readonly code?: string };
    workload.failed(`${where}: ${code} ${message}`);
  }
}

/** Every column that a deploy reads is one that it relies on. */
function nullColumns(rows: readonly Readonly<Record<string, unknown>>[]): ReadonlySet<string> {
  return new Set(rows.flatMap((row) => Object.keys(row).filter((name) => row[name] === null)));
}

/** Milliseconds since 1970, finer than a millisecond and never going back. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
