// Starts servers and ends in the way that the first argument says; SIGKILL and the like come from the test.
import { dirname } from 'node:path';
import pg from 'pg';
import { startPostgres } from '#servers/postgres';
import { findRedisProgram, startRedis } from '#servers/redis';

const [way] = process.argv.slice(2);
const postgres = await startPostgres({ settings: { fsync: 'off' } });
const redis = (await findRedisProgram()) === undefined ? undefined : await startRedis();
const client = new pg.Client({ connectionString: postgres.url });
client.on('error', () => undefined);
await client.connect();

const pids = [postgres.pid, ...(redis === undefined ? [] : [redis.pid])];
const started = { pids, url: postgres.url, folder: dirname(postgres.logFile) };
process.stdout.write(`started ${JSON.stringify(started)}\n`);

if (way === 'throw') throw new Error('on purpose');
if (way === 'exit') process.exit(7);
if (way === 'end') await client.end();
