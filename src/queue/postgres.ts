import {
  createPostgresBackend,
  isPgPool,
  type PgPool,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  withBackend,
} from 'bullmq';
import pg from 'pg';
import { type Broker, GRACE_MS, within } from './broker.js';
import { badUrl } from './errors.js';
import { prepareDatabase } from './probe.js';
import type { Reports } from './reports.js';

const SCHEMA = 'bullmq';
const ADDING_CONNECTIONS = 2;
/** One listens; the others fetch, renew and finish. */
const WORKER_CONNECTIONS = 4;
const CONNECT_MS = 5_000;
const QUERY_MS = 10_000;
const IDLE_MS = 30_000;
/** LISTEN wakes a worker at once; this is only for a call that got lost. */
const DRAIN_SECONDS = 10;

/**
 * BullMQ in PostgreSQL, in a schema of its own that is made or brought up to date first; many may start at once.
 *
 * Throws `BELLOWS_QUEUE_URL`, `BELLOWS_QUEUE_NEEDS_DIRECT` behind a transaction pooler, `BELLOWS_QUEUE_SCHEMA` without
 * the rights for the schema, `BELLOWS_QUEUE_UNAVAILABLE` when the server does not answer.
 */
export async function postgresBroker(
  url: string,
  reports: Reports,
  clientConfig: (url: string) => pg.ClientConfig = libpqConfig,
): Promise<Broker<PostgresQueueBackend, PostgresConnectionOptions>> {
  const config = sessionConfig(clientConfig(url));
  const description = describe(config);
  await prepareDatabase(config, SCHEMA, description, reports);
  const adding = openPool(config, ADDING_CONNECTIONS);
  return {
    classes: withBackend(createPostgresBackend),
    description,
    connection: adding,
    connectFirst: true,
    drainDelay: DRAIN_SECONDS,
    openWorker() {
      const pool = openPool(config, WORKER_CONNECTIONS);
      return { connection: pool, end: () => endPool(pool) };
    },
    close: () => endPool(adding),
  };
}

/** BullMQ would make pools of its own, of ten connections each; into one that it is given it puts its listener too. */
function openPool(config: pg.ClientConfig, max: number): pg.Pool & PgPool {
  const pool = new pg.Pool({
    ...config,
    max,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
  });
  pool.on('error', () => undefined);
  // BullMQ's own, narrower type of a pool: the overloads of pg's `query` do not fit it by themselves.
  if (!isPgPool(pool)) throw new TypeError('BullMQ does not take this version of pg');
  return pool;
}

async function endPool(pool: pg.Pool): Promise<void> {
  if (!pool.ended) await within(pool.end(), GRACE_MS);
}

/** BullMQ's statements name no schema: the search path must come with the session, for every session. */
function sessionConfig(config: pg.ClientConfig): pg.ClientConfig {
  const options = [config.options, `-c search_path=${SCHEMA}`].filter((part) => part !== undefined).join(' ');
  return { ...config, options, application_name: 'bellows queue', keepAlive: true };
}

/**
 * An address with libpq's meanings of `sslmode`, which pg takes as `verify-full` and prints a warning about otherwise.
 * `options` leave the address, for there they would win over the ones we add.
 */
function libpqConfig(url: string): pg.ClientConfig {
  if (!URL.canParse(url)) throw badUrl('it is not an address');
  const parsed = new URL(url);
  const options = parsed.searchParams.get('options');
  parsed.searchParams.delete('options');
  const socket = parsed.searchParams.get('socket');
  if (socket !== null && !parsed.searchParams.has('host')) parsed.searchParams.set('host', socket);
  // Below `require` libpq goes on without TLS where the server has none; pg cannot, so it does without at once.
  if (/^(allow|prefer)$/.test(parsed.searchParams.get('sslmode') ?? ''))
    parsed.searchParams.delete('sslmode');
  if (parsed.searchParams.has('sslmode')) parsed.searchParams.set('uselibpqcompat', 'true');
  return { connectionString: parsed.href, ...(options === null ? {} : { options }) };
}

function describe(config: pg.ClientConfig): string {
  const { host, port, database } = new pg.Client(config);
  return `BullMQ on PostgreSQL ${host}:${port}/${database ?? ''}`;
}
