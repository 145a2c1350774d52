import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { quote } from '#core/identifier';
import type { Major } from '#servers/binaries';
import { closeClientsOf } from './connections.js';
import { sharedPostgres } from './servers.js';
import { until } from './until.js';

export { connect } from './connections.js';

export interface DatabaseOptions {
  /** Name of a database to copy; it must have no connections. Default: an empty one. */
  readonly template?: string;
  /** Which test server. Default: 18. */
  readonly major?: Major;
  /** Another server than the shared ones: its URL as superuser. Wins over `major`. */
  readonly server?: string;
}

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Closes the clients of `connect`, checks for leaked connections of Bellows, drops. Fails on a leak, after dropping. */
  drop(): Promise<void>;
}

let count = 0;

/** A fresh database of a name of its own. Whoever creates it drops it; `useDatabase` does both. */
export async function createDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  const server = options.server ?? (await sharedPostgres(options.major));
  const name = `test_${process.pid}_${Date.now().toString(36)}_${++count}`;
  const template = options.template === undefined ? '' : ` template ${quote(options.template)}`;
  await create(server, `create database ${quote(name)}${template}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => drop(server, name) };
}

/** A template that somebody is just copying or leaving is busy (55006): that passes. Everything else is final. */
async function create(server: string, statement: string, deadline = Date.now() + 10_000): Promise<void> {
  try {
    await admin(server, statement);
  } catch (error) {
    const busy = error instanceof pg.DatabaseError && error.code === '55006';
    if (!busy || Date.now() > deadline) throw error;
    await create(server, statement, deadline);
  }
}

async function drop(server: string, name: string): Promise<void> {
  await closeClientsOf(name);
  const leaked = await leaks(server, name);
  await admin(server, `drop database if exists ${quote(name)} with (force)`);
  if (leaked.length > 0) throw new Error(`Connections were left open on ${name}: ${leaked.join('; ')}`);
}

/** The server notices a closed connection a moment after the client closed it, so an open one gets 2 s. */
async function leaks(server: string, name: string): Promise<readonly string[]> {
  let open: readonly string[] = [];
  const none = async () => {
    open = await openConnections(server, name);
    return open.length === 0;
  };
  await until(none, { timeoutMs: 2_000 }).catch(() => undefined);
  return open;
}

async function openConnections(server: string, name: string): Promise<readonly string[]> {
  const rows = await admin(
    server,
    `select format('%s (%s, pid %s): %s', application_name, state, pid, left(query, 120)) as text
     from pg_stat_activity
     where datname = $1
     and application_name like 'bellows%'`,
    [name],
  );
  return rows.map((row) => String(row.text));
}

async function admin(
  url: string,
  text: string,
  values: readonly string[] = [],
): Promise<readonly pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'test admin' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<pg.QueryResultRow>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** The database of the hook; reading it outside of the hook's life is an error. */
export interface UsedDatabase {
  readonly name: string;
  readonly url: string;
}

export interface UseOptions extends DatabaseOptions {
  /** A new one for each test, or one for the file or `describe` block. Default: `test`. */
  readonly per?: 'test' | 'file';
}

/** For the top of a file or a `describe` block: creates a database before, and drops it with the leak check after. */
export function useDatabase({ per = 'test', ...options }: UseOptions = {}): UsedDatabase {
  let current: TestDatabase | undefined;
  const [before, after] = per === 'test' ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(async () => {
    current = await createDatabase(options);
  });
  after(async () => {
    const ended = current;
    current = undefined;
    await ended?.drop();
  });
  const now = () => {
    if (current === undefined) throw new Error('The test database is there within tests and hooks only.');
    return current;
  };
  return {
    get name() {
      return now().name;
    },
    get url() {
      return now().url;
    },
  };
}

/** A database for the time of one function. */
export async function withDatabase<T>(
  work: (database: TestDatabase) => Promise<T>,
  options: DatabaseOptions = {},
): Promise<T> {
  const database = await createDatabase(options);
  const result = await work(database).catch(async (error: unknown) => {
    await database.drop().catch(() => undefined);
    throw error;
  });
  await database.drop();
  return result;
}
