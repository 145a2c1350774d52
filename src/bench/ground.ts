/** Where the benchmarks work: a schema of their own, in a server of their own or in a database that somebody names. */
import pg from 'pg';
import { BellowsError, EXIT } from '#core/errors';
import { literal, quote } from '#core/identifier';
import { startPostgres } from '#servers/postgres';

/**
 * Commits are durable, as in production. Autovacuum is off, so that it does not fall into the middle of one shape; the
 * first checkpoint by time comes after the end. WAL files are made beforehand, kept and used again, as on a server that has run
 * for a while: each new one is filled with zeros first, and every commit waits for that.
 */
const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  min_wal_size: '4GB',
  checkpoint_timeout: '30min',
  maintenance_work_mem: '256MB',
  autovacuum: 'off',
} as const;

/** Where the table is; the other two are Bellows' own. */
export const SCHEMA = 'bellows_bench';
const SCHEMAS = [SCHEMA, 'bellows', 'bullmq'] as const;
const MARK = 'Made by the benchmarks of Bellows; they drop it again.';

export interface Ground {
  readonly url: string;
  /** The backends run on this machine: their processor time can be read. */
  readonly local: boolean;
  /** `PostgreSQL 18.4`. */
  readonly server: string;
  /** Empties the schemas: what was there of an earlier scenario is gone. */
  clear(): Promise<void>;
  /** Drops the schemas, and stops a server of our own. */
  close(): Promise<void>;
}

/**
 * A PostgreSQL 18 of its own, or the database of `url`.
 *
 * Throws `BELLOWS_BENCH_OCCUPIED` where one of the three schemas is there and not the benchmarks' own.
 */
export async function openGround(url: string | null): Promise<Ground> {
  if (url !== null) return groundIn(url, false, async () => undefined);
  const server = await startPostgres({ major: 18, settings: SETTINGS });
  await inDatabase(server.url, makeWal);
  return groundIn(server.url, true, () => server.stop());
}

/** What is written here is WAL of nothing; the checkpoint keeps its files for what comes. */
async function makeWal(client: pg.Client): Promise<void> {
  for (let i = 0; i < 40; i += 1) {
    await client.query(`select pg_logical_emit_message(false, 'bench', repeat('x', 100000000))`);
  }
  await client.query('checkpoint');
}

async function groundIn(url: string, local: boolean, stop: () => Promise<void>): Promise<Ground> {
  const drop = () => inDatabase(url, dropSchemas);
  await drop();
  return {
    url,
    local,
    server: await inDatabase(url, versionOf),
    clear: () =>
      inDatabase(url, async (client) => {
        await dropSchemas(client);
        for (const name of SCHEMAS) {
          await client.query(`create schema ${quote(name)}`);
          await client.query(`comment on schema ${quote(name)} is ${literal(MARK)}`);
        }
      }),
    close: async () => {
      await drop();
      await stop();
    },
  };
}

/** All of them or none, so that a refusal leaves everything as it was. */
async function dropSchemas(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; ours: boolean }>(
    `select nspname as name, obj_description(oid, 'pg_namespace') is not distinct from $2 as ours
     from pg_namespace
     where nspname = any ($1)`,
    [SCHEMAS, MARK],
  );
  const foreign = rows.filter(({ ours }) => !ours).map(({ name }) => name);
  if (foreign.length > 0) throw occupied(foreign);
  for (const { name } of rows) await client.query(`drop schema ${quote(name)} cascade`);
}

function occupied(schemas: readonly string[]): BellowsError {
  return new BellowsError(
    'BELLOWS_BENCH_OCCUPIED',
    {
      what: `The database has schemas that the benchmarks did not make: ${schemas.join(', ')}.`,
      why: 'They need these names for themselves and drop them afterwards.',
      left: 'Nothing was touched.',
      next: 'Name an empty database with --database-url.',
    },
    { schemas },
    EXIT.usage,
  );
}

async function versionOf(client: pg.Client): Promise<string> {
  const sql = `select 'PostgreSQL ' || current_setting('server_version') as version`;
  return (await client.query<{ version: string }>(sql)).rows[0]?.version ?? '';
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`set search_path to ${quote(SCHEMA)}, pg_catalog`);
  return client;
}

/** `work` with a connection that sees the tables of the benchmarks without naming their schema. */
export async function inDatabase<R>(url: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
