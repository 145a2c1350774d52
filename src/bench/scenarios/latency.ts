/**
 * What the application feels: 500 requests a second, four of five of them reads, on the table that is backfilled. Each
 * measurement with the backfill stands beside one without it, which `pause` makes: an operator's way, and no other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Bellows } from '#api';
import { createBellows } from '#main';
import type { Latencies } from '../application.js';
import { type ApplicationProcess, startApplication } from '../application-process.js';
import { median } from '../figures.js';
import { connect } from '../ground.js';
import { type BenchThrottle, bellowsOptions, MIGRATION_ID, makeProject, removeProject } from '../project.js';
import type { Figure } from '../result.js';
import type { Scenario, Stage } from '../scenario.js';
import { loadUsers } from '../users-table.js';
import { startWorker } from '../worker-process.js';

/** Rows in a second that one worker walks at most: by this the measurements are cut so that the table lasts for all of them. */
const FASTEST = 250_000;
/** With fewer there would be nothing to measure. */
const LEAST_ROWS = 2_500_000;
const ROUNDS = 2;
const WARM_SECONDS = 2;
/** Time for a batch in flight to end, or for a job to be taken. */
const TURN_MS = 500;

interface Round {
  readonly quiet: Latencies;
  readonly busy: Latencies;
  readonly rowsPerSecond: number;
}

export const latency: Scenario = {
  name: 'latency',
  title:
    'p95 and p99 of 500 requests/s on the table, with the backfill and without it; wants 4000000 rows or more',
  run: async (stage) => {
    const rows = Math.max(LEAST_ROWS, stage.rows);
    const asked = await measured({ ...stage, rows });
    const others: Figure[] = [];
    for (const { throttle, named } of COMPARED) {
      stage.tell(`${named}:`);
      await stage.ground.clear();
      const folder = await makeProject({ throttle });
      const figures = await measured({ ...stage, rows, folder }).finally(() => removeProject(folder));
      others.push(...figures.map(({ name, value, unit }) => ({ name: `${name}, ${named}`, value, unit })));
    }
    return [...asked, ...others];
  },
};

/** What nothing is asked of: what the throttle saves, and what a signal that watches commits saves besides. */
const COMPARED: readonly { readonly throttle: BenchThrottle; readonly named: string }[] = [
  { throttle: 'off', named: 'no signal read' },
  { throttle: 'commits', named: 'slower with slow commits' },
];

async function measured(stage: Stage): Promise<readonly Figure[]> {
  const { ground, folder, rows, tell } = stage;
  const client = await connect(ground.url);
  const bellows = await createBellows(bellowsOptions(folder, ground.url));
  const application = startApplication(ground.url, rows);
  const stop = new AbortController();
  try {
    await loadUsers(client, { rows });
    await bellows.up({ detach: true });
    const worker = await startWorker(folder, ground.url, 1);
    const leader = bellows.serve({ signal: stop.signal });
    try {
      return await rounds(stage, { client, bellows, application });
    } finally {
      stop.abort();
      await leader.catch((error: unknown) => tell(String(error)));
      worker.kill();
    }
  } finally {
    application.kill();
    await bellows.close();
    await client.end();
  }
}

interface Parts {
  readonly client: Client;
  readonly bellows: Bellows;
  readonly application: ApplicationProcess;
}

async function rounds({ rows, tell }: Stage, parts: Parts): Promise<readonly Figure[]> {
  const seconds = Math.max(1, rows / FASTEST / (ROUNDS + 1) - TURN_MS / 1_000);
  const alone = await walked(parts.client, () => sleep(seconds * 1_000));
  await parts.application.measure(WARM_SECONDS);
  const done: Round[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const round = await oneRound(parts, seconds);
    tell(
      `p95 ${round.quiet.p95.toFixed(2)} → ${round.busy.p95.toFixed(2)} ms, ${Math.round(round.rowsPerSecond)} rows/s`,
    );
    done.push(round);
  }
  return figures(alone.rowsPerSecond, done);
}

async function oneRound({ client, bellows, application }: Parts, seconds: number): Promise<Round> {
  await bellows.pause(MIGRATION_ID, { reason: 'a measurement without it' });
  await sleep(TURN_MS);
  const quiet = await application.measure(seconds);
  await bellows.resume(MIGRATION_ID);
  await sleep(TURN_MS);
  const { result: busy, rowsPerSecond } = await walked(client, () => application.measure(seconds));
  return { quiet, busy, rowsPerSecond };
}

/** `work`, and what the ledger says of its time. Throws where the walk was over before it: then its figure means nothing. */
async function walked<R>(
  client: Client,
  work: () => Promise<R>,
): Promise<{ readonly result: R; readonly rowsPerSecond: number }> {
  const before = await rowsDone(client);
  const began = performance.now();
  const result = await work();
  const rowsPerSecond = (((await rowsDone(client)) - before) * 1_000) / (performance.now() - began);
  const open = await client.query(`select from bellows.ranges where state = 'open' and pass = 1 limit 1`);
  if (open.rowCount === 0) throw new Error('The backfill was over before the measurement: give more --rows.');
  return { result, rowsPerSecond };
}

async function rowsDone(client: Client): Promise<number> {
  const sql = 'select coalesce(sum(rows), 0)::float8 as n from bellows.batches';
  return (await client.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
}

function figures(alone: number, measured: readonly Round[]): readonly Figure[] {
  const of = (at: (round: Round) => number) => median(measured.map(at));
  const [quiet95, busy95] = [of(({ quiet }) => quiet.p95), of(({ busy }) => busy.p95)];
  const [quiet99, busy99] = [of(({ quiet }) => quiet.p99), of(({ busy }) => busy.p99)];
  return [
    { name: 'backfill alone', value: alone, unit: 'rows/s' },
    {
      name: 'backfill beside the application',
      value: of((r) => r.rowsPerSecond),
      unit: 'rows/s',
      target: { atLeast: alone / 2 },
    },
    { name: 'p50 without backfill', value: of(({ quiet }) => quiet.p50), unit: 'ms' },
    { name: 'p50 with backfill', value: of(({ busy }) => busy.p50), unit: 'ms' },
    { name: 'p95 without backfill', value: quiet95, unit: 'ms' },
    { name: 'p95 with backfill', value: busy95, unit: 'ms', target: { atMost: Math.max(2, 2 * quiet95) } },
    { name: 'p99 without backfill', value: quiet99, unit: 'ms' },
    { name: 'p99 with backfill', value: busy99, unit: 'ms', target: { atMost: Math.max(5, 3 * quiet99) } },
    {
      name: 'slowest with backfill',
      value: Math.max(...measured.map(({ busy }) => busy.slowest)),
      unit: 'ms',
    },
    {
      name: 'requests that failed',
      value: measured.reduce((sum, { quiet, busy }) => sum + quiet.errors + busy.errors, 0),
      unit: '',
      target: { atMost: 0 },
    },
  ];
}
