import { afterAll, inject } from 'vitest';
import type { Major } from '#servers/binaries';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { TEST_SETTINGS } from './provided.js';

const started = new Map<Major, Promise<PostgresServer>>();

/** The URL of a test server of this major: 18 is the run's, any other is started once per test file, on first use. */
export async function sharedPostgres(major: Major = 18): Promise<string> {
  if (major === 18) return inject('postgresUrl');
  const server = started.get(major) ?? startPostgres({ major, settings: TEST_SETTINGS });
  started.set(major, server);
  return (await server).url;
}

// Registered when a test file imports this, hence once per file.
afterAll(async () => {
  const servers = await Promise.allSettled(started.values());
  started.clear();
  await Promise.all(servers.map((server) => server.status === 'fulfilled' && server.value.stop('immediate')));
});
