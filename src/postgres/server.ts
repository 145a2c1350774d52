/** The databases of a server, from another one of it: a database can neither be created nor dropped from within. */
import { BellowsError } from '#core/errors';
import { quote } from '#core/identifier';
import { classify, sqlstateOf } from '#core/sqlstate';
import type { DatabaseServer, Row } from '#ports';
import { DatabaseMissingError, NotAllowedError, place } from './connection-errors.js';
import { type ConnectionTarget, parseConnectionUrl } from './connection-url.js';
import { createConnector } from './connector.js';
import { databaseInUse, isTheServers, mayNotCreate, notTheOwner } from './server-errors.js';
import { usersOf } from './server-users.js';
import { send } from './session.js';

/** One of these is on every server, unless somebody took care to remove both. */
const MAINTENANCE = ['postgres', 'template1'];
const SERVERS_OWN = ['postgres', 'template0', 'template1'];

export type Ask = <R extends Row>(text: string, values?: readonly unknown[]) => Promise<readonly R[]>;

export interface ServerOptions {
  /** `postgres://…`, with the database that it is about. */
  readonly url: string;
  readonly applicationName: string;
}

/** Throws `ConnectionUrlError` at once; its methods also the `BELLOWS_PG_…` errors where there is no connection. */
export function createServer({ url, applicationName }: ServerOptions): DatabaseServer {
  const target = parseConnectionUrl(url);
  const { database } = target.endpoint;
  return {
    database,
    place: place(target.endpoint),
    local: target.loopback,
    create: () => elsewhere(target, applicationName, (ask) => create(ask, database)),
    drop: async ({ force }) => {
      if (SERVERS_OWN.includes(database)) throw isTheServers(database);
      return elsewhere(target, applicationName, (ask) => drop(ask, database, force));
    },
    probe: (timeoutMs) => probe(target, applicationName, timeoutMs),
  };
}

async function elsewhere<R>(
  target: ConnectionTarget,
  applicationName: string,
  work: (ask: Ask) => Promise<R>,
): Promise<R> {
  const at = (database: string): ConnectionTarget => ({
    ...target,
    endpoint: { ...target.endpoint, database },
    config: { ...target.config, database },
  });
  const [first = '', ...others] = MAINTENANCE.filter((name) => name !== target.endpoint.database);
  return on(at(first), applicationName, work).catch((error: unknown) => {
    const [next] = others;
    const closed = error instanceof DatabaseMissingError || error instanceof NotAllowedError;
    if (!closed || next === undefined) throw error;
    return on(at(next), applicationName, work).catch(() => {
      throw error;
    });
  });
}

async function on<R>(
  target: ConnectionTarget,
  applicationName: string,
  work: (ask: Ask) => Promise<R>,
): Promise<R> {
  const client = await createConnector(target, applicationName).connect();
  try {
    return await work((text, values = []) => send(client, target.endpoint, text, values));
  } finally {
    await client.end();
  }
}

async function isThere(ask: Ask, database: string): Promise<boolean> {
  const rows = await ask('select 1 from pg_catalog.pg_database where datname = $1', [database]);
  return rows.length > 0;
}

async function create(ask: Ask, database: string): Promise<boolean> {
  if (await isThere(ask, database)) return false;
  try {
    await ask(`create database ${quote(database)}`);
    return true;
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    // Two that create at once: the second is told so either by the check or by the catalogue's unique index.
    if (sqlstate === '42P04' || sqlstate === '23505') return false;
    throw sqlstate === '42501' ? mayNotCreate(database) : error;
  }
}

/** First tried, then explained: who looks first, sees sessions that are gone a moment later. The server itself waits 5 s for them. */
async function drop(ask: Ask, database: string, force: boolean): Promise<boolean> {
  if (!(await isThere(ask, database))) return false;
  try {
    await ask(`drop database ${quote(database)}${force ? ' with (force)' : ''}`);
    return true;
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    if (sqlstate === '3D000') return false;
    if (sqlstate === '55006') throw databaseInUse(database, await usersOf(ask, database), force);
    throw sqlstate === '42501' ? notTheOwner(database) : error;
  }
}

async function probe(
  target: ConnectionTarget,
  applicationName: string,
  timeoutMs: number,
): Promise<string | null> {
  const config = { ...target.config, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  try {
    await createConnector({ ...target, config }, applicationName).config();
    return null;
  } catch (error) {
    // The server answered: whether the database is there is another question.
    if (error instanceof DatabaseMissingError) return null;
    if (!/^(reconnect|throttle)$/.test(classify(error).action)) throw error;
    return error instanceof BellowsError ? (error.text.why ?? error.message) : 'It does not answer.';
  }
}
