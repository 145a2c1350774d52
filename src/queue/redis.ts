import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, createRedisBackend, type RedisQueueBackend, withBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { type Broker, within } from './broker.js';
import { badUrl } from './errors.js';
import type { Reports } from './reports.js';

const FIRST_ANSWER_MS = 2_000;
const LONGEST_RETRY_MS = 2_000;
const COMMAND_MS = 5_000;
/** Longer than the longest blocking command (10 s): silence beyond it is a dead connection. */
const SILENCE_MS = 20_000;
const DRAIN_SECONDS = 5;

/**
 * BullMQ on Redis. A Redis that is away is no error here: it is asked again, for ever, every 2 s at the latest.
 *
 * Throws `BELLOWS_QUEUE_URL` for an address that cannot be one.
 */
export async function redisBroker(
  url: string,
  reports: Reports,
): Promise<Broker<RedisQueueBackend, ConnectionOptions>> {
  const description = describe(parse(url));
  const adding = new Client(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS,
  });
  warnOfSettings(adding.redis, reports);
  await within(adding.firstAnswer(), FIRST_ANSWER_MS);
  return {
    classes: withBackend(createRedisBackend),
    description,
    connection: adding.redis,
    connectFirst: false,
    drainDelay: DRAIN_SECONDS,
    openWorker() {
      const client = new Client(url, { maxRetriesPerRequest: null, socketTimeout: SILENCE_MS });
      return { connection: client.redis, end: () => client.end() };
    },
    close: () => adding.end(),
  };
}

/** A connection and its copies (BullMQ makes one to block on), which all end together, in whatever state they are. */
class Client {
  readonly redis: Redis;
  readonly #all = new Set<Redis>();
  #ended = false;

  constructor(url: string, options: Omit<RedisOptions, 'replyMapping'>) {
    this.redis = this.#watch(
      new Redis(url, {
        ...options,
        replyMapping: 'legacy',
        connectTimeout: COMMAND_MS,
        retryStrategy: (times) => (this.#ended ? null : Math.min(50 * 2 ** times, LONGEST_RETRY_MS)),
        // After a failover the old primary is still there, and read-only: look the address up again.
        reconnectOnError: (error) => error.message.startsWith('READONLY'),
      }),
    );
  }

  firstAnswer(): Promise<void> {
    return new Promise((resolve) => {
      this.redis.once('ready', resolve);
      this.redis.once('close', resolve);
    });
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all([...this.#all].map(end));
  }

  #watch(redis: Redis): Redis {
    this.#all.add(redis);
    // ioredis prints errors that nobody listens to, and BullMQ takes its listener away when it closes.
    redis.on('error', () => undefined);
    const duplicate = redis.duplicate.bind(redis);
    redis.duplicate = (options) => this.#watch(duplicate(options));
    return redis;
  }
}

async function end(redis: Redis): Promise<void> {
  if (redis.status === 'end') return;
  const ended = new Promise((resolve) => redis.once('end', resolve));
  redis.disconnect();
  // Between two tries there is no socket whose closing would end it: only a try that fails or is cut does.
  if (redis.status === 'reconnecting') void redis.connect().catch(() => undefined);
  await within(
    (async () => {
      while (redis.status === 'connecting') await sleep(10);
      redis.disconnect();
      await ended;
    })(),
    COMMAND_MS,
  );
}

function parse(url: string): URL {
  if (!URL.canParse(url)) throw badUrl('it is not an address');
  const parsed = new URL(url);
  if (parsed.hostname === '') throw badUrl('it names no host');
  if (!/^\/?\d*$/.test(parsed.pathname)) throw badUrl('the part after "/" is the number of a Redis database');
  return parsed;
}

function describe({ protocol, hostname, port, pathname }: URL): string {
  const database = pathname.replace('/', '');
  const number = database === '' || database === '0' ? '' : `, database ${database}`;
  return `BullMQ on Redis ${hostname}:${port || '6379'}${number}${protocol === 'rediss:' ? ' with TLS' : ''}`;
}

/** A Redis that evicts keys may evict jobs. Told once per policy; a Redis that hides its settings is left alone. */
function warnOfSettings(redis: Redis, reports: Reports): void {
  let told = '';
  const look = async () => {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1] ?? 'noeviction';
    if (policy === 'noeviction' || policy === told) return;
    told = policy;
    reports.tell(new Error(`Redis may evict jobs: its maxmemory-policy is ${policy}, set it to noeviction`));
  };
  redis.on('ready', () => void look().catch(() => undefined));
}
