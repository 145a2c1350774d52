/** The servers of the demo; they end with this process, however that ends. */
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { findRedis, type RedisServer, startRedis } from '#servers/redis';

export interface DemoServers {
  readonly databaseUrl: string;
  /** Null: the queue inside the migrated database. */
  readonly queueUrl: string | null;
  stop(): Promise<void>;
}

/** PostgreSQL with its own defaults, crash-safe as it comes; a Redis where there is one to be had. */
export async function startServers(): Promise<DemoServers> {
  const postgres = await startPostgres({ major: 18 });
  try {
    const found = await findRedis();
    const redis = found?.kind === 'program' ? await startRedis({ program: found.path }) : null;
    const queueUrl = found?.kind === 'url' ? found.url : (redis?.url ?? null);
    return { databaseUrl: postgres.url, queueUrl, stop: () => stop(postgres, redis) };
  } catch (error) {
    await postgres.stop('immediate');
    throw error;
  }
}

async function stop(postgres: PostgresServer, redis: RedisServer | null): Promise<void> {
  // The data goes with the server: nothing of it needs a checkpoint.
  await Promise.all([postgres.stop('immediate'), redis?.stop()]);
}
