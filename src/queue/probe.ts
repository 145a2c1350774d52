import { randomBytes } from 'node:crypto';
import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
} from 'bullmq';
import pg from 'pg';
import { quote } from '#core/identifier';
import { within } from './broker.js';
import { needsDirect, QueueError, schemaRefused, unavailable } from './errors.js';
import { codeOf, type Reports } from './reports.js';

const CONNECT_MS = 5_000;
const HEAR_MS = 3_000;

/** Refuses what stands between us and PostgreSQL, then makes the queue's tables or brings them up to date. */
export async function prepareDatabase(
  config: pg.ClientConfig,
  schema: string,
  description: string,
  reports: Reports,
): Promise<void> {
  const clients: pg.Client[] = [];
  const open = async () => {
    const client = new pg.Client({ ...config, connectionTimeoutMillis: CONNECT_MS });
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    return client;
  };
  try {
    const listener = await open();
    await refuseLostOptions(listener, schema, description);
    await refuseDeafSession(listener, await open(), description);
    await migrate(listener, schema, description);
  } catch (error) {
    throw named(error, description, reports);
  } finally {
    await within(Promise.allSettled(clients.map((client) => client.end())), CONNECT_MS);
  }
}

/** A pooler that was told to ignore startup options takes them and forgets them. */
async function refuseLostOptions(client: pg.Client, schema: string, description: string): Promise<void> {
  const { rows } = await client.query<{ path: string }>(`select current_setting('search_path') as path`);
  if (rows[0]?.path !== schema)
    throw needsDirect(description, 'the startup options of the session were dropped');
}

/** Behind a transaction pooler LISTEN succeeds, on a session that is somebody else's a moment later. */
async function refuseDeafSession(listener: pg.Client, caller: pg.Client, description: string): Promise<void> {
  const channel = `bellows_probe_${randomBytes(8).toString('hex')}`;
  const heard = new Promise<void>((resolve) => {
    listener.on('notification', (message) => {
      if (message.channel === channel) resolve();
    });
  });
  await listener.query(`listen ${quote(channel)}`);
  await caller.query('select pg_notify($1, $2)', [channel, '']);
  if (!(await within(heard, HEAR_MS)))
    throw needsDirect(description, 'a notification did not reach the session that listens for it');
  await listener.query(`unlisten ${quote(channel)}`);
}

/** Asks before it migrates: CREATE SCHEMA IF NOT EXISTS needs the right to create also where the schema is there. */
async function migrate(client: pg.Client, schema: string, description: string): Promise<void> {
  try {
    const version = await assertSchemaCompatibility(client, schema).catch((error: unknown) => {
      if (error instanceof SchemaMigrationRequiredError) return 0;
      throw error;
    });
    if (version < LATEST_SCHEMA_VERSION) await runMigrations(client, schema);
  } catch (error) {
    if (error instanceof SchemaVersionMismatchError)
      throw schemaRefused(description, 'a newer release made it', 'Upgrade Bellows on this host.');
    if (codeOf(error) === '42501')
      throw schemaRefused(
        description,
        'the role has not the rights for it',
        'Grant CREATE on the database for the first start (later USAGE on the schema and its objects), or give Redis as queueUrl.',
      );
    throw error;
  }
}

function named(error: unknown, description: string, reports: Reports): QueueError {
  if (error instanceof QueueError) return error;
  const text = reports.wording(error);
  // PgBouncer's words; it has refused the connection by then.
  if (/unsupported startup parameter/i.test(text))
    return needsDirect(description, 'it refuses startup options');
  return unavailable(description, text);
}
