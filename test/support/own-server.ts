/** A server that a test takes away in the middle of its work, or whose other databases must be at rest. */
import { afterAll, beforeAll } from 'vitest';
import { type PostgresOptions, type PostgresServer, startPostgres } from '#servers/postgres';

export interface OwnServer {
  readonly url: () => string;
  /** As if the power failed. */
  readonly restart: () => Promise<void>;
}

/** For the top of a file, or of a group. fsync stays on, which the tests' common server is without. */
export function useOwnServer({ major }: Pick<PostgresOptions, 'major'> = {}): OwnServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres({
      ...(major === undefined ? {} : { major }),
      settings: { max_connections: '100' },
    });
  });
  afterAll(() => server?.stop('immediate'));
  const started = () => {
    if (server === undefined) throw new Error('no server');
    return server;
  };
  return { url: () => started().url, restart: () => started().restart('immediate') };
}
