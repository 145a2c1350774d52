/** A server that a test takes away in the middle of its work. */
import { afterAll, beforeAll } from 'vitest';
import { type PostgresServer, startPostgres } from '#servers/postgres';

export interface OwnServer {
  readonly url: () => string;
  /** As if the power failed. */
  readonly restart: () => Promise<void>;
}

/** For the top of a file. fsync stays on, which the tests' common server is without. */
export function useOwnServer(): OwnServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres({ settings: { max_connections: '100' } });
  });
  afterAll(() => server?.stop('immediate'));
  const started = () => {
    if (server === undefined) throw new Error('no server');
    return server;
  };
  return { url: () => started().url, restart: () => started().restart('immediate') };
}
