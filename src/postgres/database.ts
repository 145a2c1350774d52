import pg from 'pg';
import type { Database, DirectSession, ReadBounds, Row, Session, SomeRows, TransactionLimits } from '#ports';
import { ConnectionLostError, type Endpoint, PoolFullError } from './connection-errors.js';
import { type ConnectionTarget, parseConnectionUrl, type SslMode } from './connection-url.js';
import { type Connector, createConnector } from './connector.js';
import { runDirect } from './direct.js';
import { explainConnect } from './explain-connect.js';
import { readSome } from './read-some.js';
import { send, tellLost } from './session.js';
import { runTransaction } from './transaction.js';

export interface DatabaseOptions {
  /** `postgres://…`; may lead through a transaction pooler. */
  readonly url: string;
  /** Seen in `pg_stat_activity`, as `bellows <name>`. */
  readonly applicationName: string;
  /** Connections at a time, without those of `direct`. Default: 10. */
  readonly max?: number;
  /** The server itself, for `direct`, where `url` is a pooler. Default: `url`. */
  readonly directUrl?: string;
  /** Every statement runs in a transaction that the server itself keeps read-only; `direct` is refused. Default: false. */
  readonly readOnly?: boolean;
}

export interface Transport {
  readonly sslmode: SslMode;
  readonly encrypted: boolean;
  /** The connection does not leave this machine. */
  readonly loopback: boolean;
}

export interface PostgresDatabase extends Database {
  /** Where `url` leads, without the password. */
  readonly endpoint: Endpoint;
  /** How it is connected; connects where it is not yet. */
  transport(): Promise<Transport>;
  /** Ends every connection; the next statement opens new ones. */
  disconnect(): Promise<void>;
}

/**
 * The connections of one process. Nothing is opened before the first statement.
 *
 * Throws `ConnectionUrlError` at once. Its methods throw the `BELLOWS_PG_…` errors where there is no connection,
 * `ConnectionLostError` where it broke, `CommitUnknownError` where it broke at COMMIT, and the driver's `DatabaseError` for
 * what the server says about a statement (see `classify`).
 */
export function createDatabase({
  url,
  applicationName,
  max = 10,
  directUrl,
  readOnly = false,
}: DatabaseOptions): PostgresDatabase {
  const pooled = createConnector(parseConnectionUrl(url), applicationName);
  const direct =
    directUrl === undefined ? pooled : createConnector(parseConnectionUrl(directUrl), applicationName);
  return new PooledDatabase(pooled, direct, max, readOnly);
}

class PooledDatabase implements PostgresDatabase {
  readonly #connector: Connector;
  readonly #direct: Connector;
  readonly #max: number;
  readonly #readOnly: boolean;
  #pool: Promise<pg.Pool> | null = null;
  #closed = false;

  constructor(connector: Connector, direct: Connector, max: number, readOnly: boolean) {
    this.#readOnly = readOnly;
    this.#connector = connector;
    this.#direct = direct;
    this.#max = max;
  }

  get endpoint(): Endpoint {
    return this.#connector.target.endpoint;
  }

  async transport(): Promise<Transport> {
    const { sslmode, loopback }: ConnectionTarget = this.#connector.target;
    const { ssl } = await this.#connector.config();
    return { sslmode, encrypted: ssl !== false, loopback };
  }

  async query<R extends Row = Row>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    if (this.#readOnly) return this.transaction({}, (tx) => tx.query<R>(text, values));
    const client = await this.#checkOut();
    try {
      const rows = await send<R>(client, this.endpoint, text, values);
      client.release();
      return rows;
    } catch (error) {
      client.release(error instanceof ConnectionLostError);
      throw error;
    }
  }

  async transaction<R>(limits: TransactionLimits, work: (tx: Session) => Promise<R>): Promise<R> {
    const client = await this.#checkOut();
    const kept = this.#readOnly ? { ...limits, readOnly: true } : limits;
    const { usable, result } = await runTransaction(client, this.endpoint, kept, work);
    client.release(!usable);
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  }

  async readSome(
    limits: TransactionLimits,
    text: string,
    values: readonly unknown[],
    bounds: ReadBounds,
  ): Promise<SomeRows> {
    const client = await this.#checkOut();
    const work = () => readSome(client, text, values, bounds);
    const { usable, result } = await runTransaction(
      client,
      this.endpoint,
      { ...limits, readOnly: true },
      work,
    );
    client.release(!usable);
    if (result.status === 'rejected') throw tellLost(result.reason, this.endpoint);
    return result.value;
  }

  direct<R>(
    signal: AbortSignal,
    work: (session: DirectSession) => Promise<R>,
    onNotice?: (message: string) => void,
  ): Promise<R> {
    if (this.#readOnly) return Promise.reject(new Error('A read-only database gives no session of its own.'));
    return runDirect(this.#direct, this.#elsewhere.bind(this), signal, work, onNotice);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.disconnect();
  }

  async disconnect(): Promise<void> {
    const pool = await this.#pool?.catch(() => null);
    this.#pool = null;
    await pool?.end();
  }

  /**
   * By a connection of its own, since all of the pool may be in use; by the pool where the server gives none. It logs in as
   * the session that it is about: the two URLs may name different roles, and only its own role may cancel a statement.
   */
  async #elsewhere<R extends Row>(text: string, values: readonly unknown[]): Promise<readonly R[]> {
    const client = await this.#direct.connect().catch(() => null);
    if (client === null) return this.query<R>(text, values);
    try {
      return await send<R>(client, this.#direct.target.endpoint, text, values);
    } finally {
      await client.end();
    }
  }

  async #checkOut(): Promise<pg.PoolClient> {
    if (this.#closed) throw new Error('The database was used after it had been closed.');
    const pool = await this.#openPool();
    try {
      return await pool.connect();
    } catch (error) {
      // The driver's words for "no connection became free"; those for "the server did not answer" are others.
      const full = error instanceof Error && error.message === 'timeout exceeded when trying to connect';
      throw full ? new PoolFullError(this.#max) : explainConnect(error, this.endpoint);
    }
  }

  #openPool(): Promise<pg.Pool> {
    this.#pool ??= this.#connector.config().then(
      (config) => createPool(config, this.#max),
      (error: unknown) => {
        this.#pool = null;
        throw error;
      },
    );
    return this.#pool;
  }
}

/** An idle connection that the server ends is an event of the pool, one in use an event of the client: neither may end this process. */
function createPool(config: pg.ClientConfig, max: number): pg.Pool {
  const pool = new pg.Pool({ ...config, max });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
