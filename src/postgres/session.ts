import type pg from 'pg';
import { sqlstateOf } from '#core/sqlstate';
import type { Answer, Answers, Statement } from '#core/statement';
import type { Row, Session } from '#ports';
import { ConnectionLostError, type Endpoint } from './connection-errors.js';
import { sendTogether } from './pipeline.js';

/**
 * Statements on one connection, one after the other. It ends with the transaction or the direct session that it was made for:
 * a forgotten `await` must not write into the next user's transaction on the same connection.
 */
export class ClientSession implements Session {
  readonly #client: pg.ClientBase;
  readonly #endpoint: Endpoint;
  #open = true;
  #running: Promise<unknown> = Promise.resolve();

  constructor(client: pg.ClientBase, endpoint: Endpoint) {
    this.#client = client;
    this.#endpoint = endpoint;
  }

  query<R extends Row = Row>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return this.#next(() => send<R>(this.#client, this.#endpoint, text, values));
  }

  pipeline(statements: readonly Statement[], onAnswer?: (answer: Answer) => void): Promise<Answers> {
    return this.#next(async () => {
      const { answers, error } = await sendTogether(this.#client, statements, onAnswer);
      return { answers, error: error === null ? null : tellLost(error, this.#endpoint) };
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#open)
      return Promise.reject(new Error('A statement was sent after its transaction or session had ended.'));
    const result = this.#running.then(work);
    this.#running = result.catch(() => undefined);
    return result;
  }

  /** Accepts no more statements, and waits for those under way. */
  async end(): Promise<void> {
    this.#open = false;
    await this.#running;
  }
}

/**
 * One statement by the extended protocol, which refuses a second one in the same text. Unnamed, so nothing is left on a
 * server connection that a pooler hands to somebody else.
 */
export async function send<R extends Row>(
  client: pg.ClientBase,
  endpoint: Endpoint,
  text: string,
  values: readonly unknown[],
): Promise<readonly R[]> {
  const statement = { text, values: [...values], queryMode: 'extended' };
  try {
    return (await client.query<R, unknown[]>(statement)).rows;
  } catch (error) {
    throw tellLost(error, endpoint);
  }
}

/** Errors with which the server ends the session: terminated, crashed, idle for too long, in a transaction for too long. */
const ENDS_SESSION = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '08006', '08003']);

/** A broken connection as `ConnectionLostError`; any other error as it is, without the fields that quote rows when it is printed. */
export function tellLost(error: unknown, endpoint: Endpoint): unknown {
  const sqlstate = sqlstateOf(error);
  if (sqlstate === null && isDriversLoss(error)) return new ConnectionLostError(endpoint, '08006');
  if (sqlstate !== null && ENDS_SESSION.has(sqlstate)) return new ConnectionLostError(endpoint, sqlstate);
  hideRowValues(error);
  return error;
}

function isDriversLoss(error: unknown): boolean {
  return (
    error instanceof Error && /^Connection terminated|not queryable|Client was closed/.test(error.message)
  );
}

/** `Key (email)=(…) already exists` and the like; still there for who asks by name. */
function hideRowValues(error: unknown): void {
  if (!(error instanceof Error)) return;
  for (const field of ['detail', 'where', 'hint', 'internalQuery']) {
    if (field in error) Object.defineProperty(error, field, { enumerable: false });
  }
}
