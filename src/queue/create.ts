import type pg from 'pg';
import type { Emit } from '#core/events';
import { badName, badUrl } from './errors.js';
import { isName, openJobs, type WakingQueue } from './jobs.js';
import { postgresBroker } from './postgres.js';
import { redisBroker } from './redis.js';
import { createReports, secretsOf } from './reports.js';

export type { WakingQueue } from './jobs.js';
export type { QueueWorker } from './worker.js';

export interface QueueOptions {
  /** `redis://`, `rediss://` or `postgres://`. Default: `databaseUrl`, with BullMQ's own tables in schema `bullmq`. */
  readonly queueUrl?: string | undefined;
  readonly databaseUrl: string;
  /** Whose jobs these are: every database that shares a Redis needs its own. Default: `bellows`. */
  readonly name?: string;
  /** First part of the keys in Redis. Default: `bellows`. */
  readonly prefix?: string;
  /** Hears `queue:error`: connection losses, a worker that stopped, a Redis that evicts. */
  readonly emit: Emit;
  /** How an address becomes a PostgreSQL connection; must leave no `options` in a connection string. Default: as libpq. */
  readonly clientConfig?: (url: string) => pg.ClientConfig;
}

/**
 * The queue that wakes workers. With Redis it is made also while Redis is away: then `enqueue`, `known` and `counts`
 * throw `BELLOWS_QUEUE_UNAVAILABLE` at once, and workers wait for it.
 *
 * Throws `BELLOWS_QUEUE_URL` and `BELLOWS_QUEUE_NAME` for settings that cannot be, and for PostgreSQL also
 * `BELLOWS_QUEUE_NEEDS_DIRECT`, `BELLOWS_QUEUE_SCHEMA` and `BELLOWS_QUEUE_UNAVAILABLE`.
 */
export async function createQueue(options: QueueOptions): Promise<WakingQueue> {
  const { databaseUrl, queueUrl = databaseUrl, name = 'bellows', prefix = 'bellows', emit } = options;
  if (!isName(name)) throw badName('queue name', name);
  if (!isName(prefix)) throw badName('prefix', prefix);
  const reports = createReports(emit, secretsOf(queueUrl));
  const identity = { name, prefix };
  switch (/^([a-z+]*):/i.exec(queueUrl)?.[1]?.toLowerCase()) {
    case 'redis':
    case 'rediss':
      return openJobs(await redisBroker(queueUrl, reports), identity, reports);
    case 'postgres':
    case 'postgresql':
      return openJobs(await postgresBroker(queueUrl, reports, options.clientConfig), identity, reports);
    default:
      throw badUrl('it begins with neither redis://, rediss:// nor postgres://');
  }
}
