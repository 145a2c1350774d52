import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Answer, Answers, Statement } from '#core/statement';
import type { DirectSession, Row } from '#ports';
import { CancelledError, PoolerError } from './connection-errors.js';
import type { Connector } from './connector.js';
import { ClientSession, send } from './session.js';

const CANCEL_AGAIN_MS = 100;
const CANCEL_DEADLINE_MS = 5_000;

/** Sends one statement from another connection than the one that is busy. */
export type Elsewhere = <R extends Row>(text: string, values: readonly unknown[]) => Promise<readonly R[]>;

/** Opens a session of its own, runs `work` on it, and closes it. The signal cancels on the server. */
export async function runDirect<R>(
  connector: Connector,
  elsewhere: Elsewhere,
  signal: AbortSignal,
  work: (session: DirectSession) => Promise<R>,
  onNotice?: (message: string) => void,
): Promise<R> {
  if (signal.aborted) throw new CancelledError();
  const client = await connector.connect();
  if (onNotice !== undefined) client.on('notice', ({ message }) => onNotice(message ?? ''));
  const session = new ClientSession(client, connector.target.endpoint);
  try {
    const route = await prepare(client, connector);
    const direct = new CancellableSession(session, route, elsewhere, signal);
    return await untilAborted(
      signal,
      () => work(direct),
      () => cancel(direct, route, elsewhere),
    );
  } finally {
    // With a statement still running, `end` cuts the line.
    await Promise.all([session.end(), client.end()]);
  }
}

/** How a running statement is found again: by its backend, or behind a pooler by a mark in its text. */
interface Route {
  readonly pid: number | null;
  readonly tag: string;
}

/** Behind a pooler each statement may run on another server connection, so no setting is made there and none is lifted. */
async function prepare(client: pg.Client, { target: { endpoint } }: Connector): Promise<Route> {
  const [row] = await send<{ pid: number; timeout: string }>(
    client,
    endpoint,
    `select pg_backend_pid() as pid, current_setting('statement_timeout') as timeout`,
    [],
  );
  const pid = row?.pid ?? 0;
  if (pid === announcedPid(client)) {
    await send(client, endpoint, LIFT_LIMITS, []);
    return { pid, tag: '' };
  }
  if (row !== undefined && row.timeout !== '0') throw new PoolerError(endpoint, row.timeout);
  return { pid: null, tag: `/* bellows direct ${randomUUID()} */ ` };
}

/** What the other end said when the session began: a pooler makes one up. */
function announcedPid(client: pg.Client): unknown {
  return 'processID' in client ? client.processID : undefined;
}

/** By way of the catalogue, since not every version has every one of them. */
const LIFT_LIMITS = `
select set_config(name, '0', false)
from pg_catalog.pg_settings
where name in ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_session_timeout',
  'idle_in_transaction_session_timeout')
and setting <> '0'`;

class CancellableSession implements DirectSession {
  readonly #session: ClientSession;
  readonly #route: Route;
  readonly #elsewhere: Elsewhere;
  readonly #signal: AbortSignal;
  #running: Promise<unknown> | null = null;

  constructor(session: ClientSession, route: Route, elsewhere: Elsewhere, signal: AbortSignal) {
    this.#session = session;
    this.#route = route;
    this.#elsewhere = elsewhere;
    this.#signal = signal;
  }

  get running(): Promise<unknown> | null {
    return this.#running;
  }

  query<R extends Row = Row>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return this.#cancellable(() => this.#session.query<R>(`${this.#route.tag}${text}`, values));
  }

  async backend(): Promise<number | null> {
    const { pid, tag } = this.#route;
    if (pid !== null) return pid;
    const [row] = await this.#elsewhere<{ pid: number }>(FIND, [tag]);
    return row?.pid ?? null;
  }

  pipeline(statements: readonly Statement[], onAnswer?: (answer: Answer) => void): Promise<Answers> {
    const tagged = statements.map((s) => ({ ...s, text: `${this.#route.tag}${s.text}` }));
    return this.#cancellable(async () => {
      const { answers, error } = await this.#session.pipeline(tagged, onAnswer);
      if (error !== null && this.#signal.aborted) throw new CancelledError();
      return { answers, error: placed(error, this.#route.tag) };
    });
  }

  async #cancellable<T>(send: () => Promise<T>): Promise<T> {
    if (this.#signal.aborted) throw new CancelledError();
    const result = send();
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#running = settled;
    try {
      return await result;
    } catch (error) {
      throw this.#signal.aborted ? new CancelledError() : placed(error, this.#route.tag);
    } finally {
      if (this.#running === settled) this.#running = null;
    }
  }
}

/** The server counts the characters of the mark too; whoever sent the statement knows nothing of it. */
function placed(error: unknown, tag: string): unknown {
  if (tag === '' || !(error instanceof pg.DatabaseError) || error.position === undefined) return error;
  error.position = String(Number(error.position) - tag.length);
  return error;
}

async function untilAborted<R>(
  signal: AbortSignal,
  work: () => Promise<R>,
  cancelRunning: () => Promise<void>,
): Promise<R> {
  if (signal.aborted) throw new CancelledError();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => void cancelRunning().finally(() => reject(new CancelledError()));
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Again and again until the statement has ended: a cancel that comes a moment too early has no effect. */
async function cancel(direct: CancellableSession, route: Route, elsewhere: Elsewhere): Promise<void> {
  const deadline = Date.now() + CANCEL_DEADLINE_MS;
  while (direct.running !== null && Date.now() < deadline) {
    const sent = elsewhere(CANCEL, [route.pid, route.tag]).catch(() => undefined);
    await Promise.race([direct.running, Promise.all([sent, delay(CANCEL_AGAIN_MS)])]);
  }
}

const FIND = `
select pid
from pg_catalog.pg_stat_activity
where starts_with(query, $1::text)
and state = 'active'`;

const CANCEL = `
select pg_cancel_backend(pid)
from pg_catalog.pg_stat_activity
where pid = $1::int
or ($1::int is null and starts_with(query, $2::text) and state = 'active')`;
