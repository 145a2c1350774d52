// The servers of a test run, as a process of their own: prints their addresses, and ends with its parent's pipe.
import { startPostgres } from '#servers/postgres';
import { findRedis, startRedis } from '#servers/redis';
import { TEST_SETTINGS } from './provided.js';

const found = await findRedis();
const [postgres, redis] = await Promise.all([
  startPostgres({ settings: TEST_SETTINGS }),
  found?.kind === 'program' ? startRedis({ program: found.path }) : found,
]);
process.stdout.write(`${JSON.stringify({ postgresUrl: postgres.url, redisUrl: redis?.url ?? null })}\n`);

// The pipe closes when the runner wants it, and also when the runner is killed.
process.stdin.resume().once('end', () => process.exit(0));
