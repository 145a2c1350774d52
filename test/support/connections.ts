import pg from 'pg';
import { afterAll, afterEach, beforeEach } from 'vitest';

const ofTest = new Set<pg.Client>();
const ofFile = new Set<pg.Client>();
let inTest = false;

/**
 * A connected client, closed after the test that opened it, or after the file when opened in `beforeAll`.
 * A connection that the server ends is no unhandled error: the next query says so.
 */
export async function connect(
  url: string,
  options: Omit<pg.ClientConfig, 'connectionString'> = {},
): Promise<pg.Client> {
  const client = new pg.Client({ application_name: 'test', ...options, connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  (inTest ? ofTest : ofFile).add(client);
  return client;
}

/** Closes the tracked clients of one database, before it is dropped. */
export async function closeClientsOf(database: string): Promise<void> {
  await close((client) => client.database === database, ofTest, ofFile);
}

async function close(
  which: (client: pg.Client) => boolean,
  ...sets: readonly Set<pg.Client>[]
): Promise<void> {
  for (const set of sets) {
    const chosen = [...set].filter(which);
    for (const client of chosen) set.delete(client);
    await Promise.all(chosen.map((client) => client.end().catch(() => undefined)));
  }
}

beforeEach(() => {
  inTest = true;
});

afterEach(async () => {
  inTest = false;
  await close(() => true, ofTest);
});

afterAll(async () => {
  await close(() => true, ofFile);
});
