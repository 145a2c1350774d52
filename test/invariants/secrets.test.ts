import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Listener } from '#core/events';
import { holds } from '#core/gate';
import { createLog } from '#observe/log';
import { findRedisProgram, startRedis } from '#servers/redis';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { SPLIT, splitFile, useStages } from './stage.js';

const used = useDatabase();
const stages = useStages();
const program = await findRedisProgram();
if (program === undefined)
  console.warn('No redis-server on the PATH: what Redis sees of row values is not tested.');

/** In every row, in the rows' keys, and in the passwords: whatever repeats one of them is found by one search. */
const CANARY = 'kanarienvogel';
const PASSWORD = `${CANARY}-password`;

/** Everything that left the process by any way, by the way it took. */
type Heard = Map<string, string[]>;

function hear(heard: Heard, way: string, text: string): void {
  heard.set(way, [...(heard.get(way) ?? []), text]);
}

async function createPeople(client: pg.Client): Promise<void> {
  await client.query(`
    create table users (
      id text primary key,
      full_name text not null check (full_name <> 'nobody'),
      note text not null default ''
    )`);
  await client.query(
    `insert into users select $1 || i, $1 || i || ' Family' || i, $1 from generate_series(1, 2000) i`,
    [CANARY],
  );
  await client.query('vacuum analyze users');
}

/** For row 7 the server's error quotes the row: `invalid input syntax for type integer: "…"`. */
const POISON = `case when id like '%l7' then full_name::integer::text else split_part(full_name, ' ', 1) end`;

/** A check of the user's own that cannot be read, because of the same row and with the same words. */
const GATE = `
  gate: { queries: { numbers: sql\`select 1 from users where case when id like '%l7' then full_name::integer is null end\` } },`;

async function tables(client: pg.Client, schema: string): Promise<readonly (readonly [string, string])[]> {
  const names = await client.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relkind = 'r' and relnamespace = to_regnamespace($1)`,
    [schema],
  );
  const found: (readonly [string, string])[] = [];
  for (const { name } of names.rows) {
    // Where the key of a row that cannot be moved is told, it has to be told; nowhere else.
    const row = name === 'quarantine' ? `to_jsonb(t) - 'row_key'` : 'to_jsonb(t)';
    const { rows } = await client.query<{ text: string }>(
      `select (${row})::text as text from ${schema}.${name} t`,
    );
    found.push([`${schema}.${name}`, rows.map((r) => r.text).join('\n')]);
  }
  return found;
}

function expectSilence(heard: Heard, ways: readonly string[]): void {
  for (const way of ways)
    expect(heard.get(way)?.join('').length, `${way} was heard at all`).toBeGreaterThan(10);
  const loud = [...heard].filter(([, texts]) => texts.some((text) => text.includes(CANARY)));
  expect(loud.map(([way, texts]) => `${way}: ${texts.find((text) => text.includes(CANARY))}`)).toEqual([]);
}

/** A whole migration with one row that cannot be moved, from the first statement to the last. */
async function migrate(heard: Heard, queueUrl: string | undefined): Promise<void> {
  const client = await connect(used.url);
  await createPeople(client);
  const url = new URL(used.url);
  url.password = PASSWORD;
  const events: Listener = (name, payload) => hear(heard, 'events', JSON.stringify([name, payload]));
  const log = createLog({ level: 'trace', destination: { write: (line) => hear(heard, 'log', line) } });
  const { bellows, open } = await stages.create({
    url: url.href,
    file: splitFile({ firstName: POISON, more: GATE }),
    overrides: { ...(queueUrl === undefined ? {} : { queueUrl }) },
    listeners: [events, log.listener],
  });
  const end = new AbortController();
  const addresses: string[] = [];
  const onReady = (at: { readonly metrics: string }) => void addresses.push(at.metrics);
  const processes = [
    bellows.serve({ signal: end.signal, onReady }),
    bellows.worker({ signal: end.signal, onReady }),
  ];
  const catching = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    hear(heard, 'errors', `${inspect(error, { depth: 9 })} ${String(error)} ${JSON.stringify(error)}`);
  };
  try {
    await bellows.up({ onProgress: (status) => hear(heard, 'progress', JSON.stringify(status)) });
    await until(() => addresses.length === 2, { what: 'both to listen' });
    await catching(bellows.contract(SPLIT));
    await catching(bellows.resume(SPLIT));
    const wrong = await open({ overrides: { databaseUrl: url.href.replace(/\/[^/]*$/, '/absent') } });
    await catching(wrong.up());
    const refused = await open({ overrides: { databaseUrl: `postgres://u:${PASSWORD}@127.0.0.1:1/d` } });
    await catching(refused.status());
    for (const address of addresses) hear(heard, 'metrics', await (await fetch(`${address}/metrics`)).text());
    const told = [
      await bellows.statusOf(SPLIT),
      await bellows.gate(SPLIT),
      await bellows.history(),
      await bellows.queue(),
    ];
    hear(heard, 'verbs', JSON.stringify(told));
    const rows = await bellows.quarantine.list();
    expect(rows).toHaveLength(1);
    expect(rows[0]?.key).toContain(`${CANARY}7`);
    hear(heard, 'verbs', JSON.stringify(rows.map(({ key: _, ...row }) => row)));
    const sessions = `select string_agg(application_name, ' ') as names from pg_stat_activity where application_name ~ 'bellows'`;
    hear(heard, 'sessions', (await client.query<{ names: string }>(sessions)).rows[0]?.names ?? '');
    await client.query(`update users set full_name = '7' where id like '%l7'`);
    await bellows.quarantine.retry(SPLIT);
    // The leader goes back to the backfill and verifies again: only then is the approval all that is missing.
    const onlyApproval = async () => {
      if ((await bellows.status()).migrations[0]?.state !== 'gated') return false;
      const { checks } = await bellows.gate(SPLIT);
      return checks.filter(holds).every(({ check }) => check === 'approval');
    };
    await until(onlyApproval, { timeoutMs: 30_000, everyMs: 200, what: 'the retried row to be moved' });
    await bellows.approve(SPLIT, { reason: 'corrected' });
    await bellows.contract(SPLIT);
  } finally {
    end.abort();
    await Promise.all(processes);
  }
  for (const [name, text] of await tables(client, 'bellows')) hear(heard, name, text);
  for (const [name, text] of await tables(client, 'bullmq')) hear(heard, name, text);
}

const WAYS = [
  'events',
  'log',
  'errors',
  'progress',
  'metrics',
  'verbs',
  'sessions',
  'bellows.runs',
  'bellows.history',
];

describe('a whole migration with a row that cannot be moved', () => {
  it('tells no row value and no secret where PostgreSQL is the queue', async () => {
    const heard: Heard = new Map();
    await migrate(heard, undefined);
    expectSilence(heard, WAYS);
    expect([...heard.keys()].some((way) => way.startsWith('bullmq.'))).toBe(true);
  }, 90_000);

  it.skipIf(program === undefined)(
    'tells no row value and no secret to Redis, nor the password of Redis to anybody',
    async () => {
      const server = await startRedis({ program: program ?? '' });
      const guarded = server.url.replace('redis://', `redis://:${PASSWORD}@`);
      const opener = new Redis(server.url);
      await opener.config('SET', 'requirepass', PASSWORD);
      opener.disconnect();
      const admin = new Redis(guarded);
      const monitor = await admin.monitor();
      onTestFinished(async () => {
        monitor.disconnect();
        admin.disconnect();
        await server.stop();
      });
      const heard: Heard = new Map();
      monitor.on('monitor', (_: string, command: readonly string[]) => {
        // How a client says who it is; MONITOR leaves it out from Redis 6.2 on.
        if (!/^(auth|hello)$/i.test(command[0] ?? '')) hear(heard, 'redis commands', command.join(' '));
      });
      await migrate(heard, guarded);
      for (const key of await admin.keys('*'))
        hear(heard, 'redis keys', `${key} ${await contentOf(admin, key)}`);
      expectSilence(heard, [...WAYS, 'redis commands', 'redis keys']);
    },
    90_000,
  );
});

async function contentOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'hash':
      return JSON.stringify(await redis.hgetall(key));
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'));
    case 'list':
      return JSON.stringify(await redis.lrange(key, 0, -1));
    case 'zset':
      return JSON.stringify(await redis.zrange(key, '0', '-1'));
    case 'set':
      return JSON.stringify(await redis.smembers(key));
    default:
      return String(await redis.get(key));
  }
}
