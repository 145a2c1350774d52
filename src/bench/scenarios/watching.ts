/** What it costs a backfill to be looked at: metrics, log and webhooks' look, and twenty pages that stay open. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Bellows } from '#api';
import { createBellows } from '#main';
import { stateReader } from '#observe/state';
import { createDatabase } from '#postgres/database';
import { type CpuTimes, cpuBetween, cpuTimes } from '../cpu.js';
import { connect } from '../ground.js';
import { bellowsOptions, MIGRATION_ID } from '../project.js';
import type { Scenario } from '../scenario.js';
import { loadUsers } from '../users-table.js';
import { startWorker } from '../worker-process.js';

const PAGES = 20;
/** As the page's script asks. */
const PAGE_EVERY_MS = 2_000;
const SCRAPE_EVERY_MS = 5_000;
const [PAGE, SERVE, METRICS] = ['bellows page', 'bellows serve', 'bellows metrics'] as const;

export const watching: Scenario = {
  name: 'watching',
  title: `what it costs to be looked at: ${PAGES} open pages, a scrape every ${SCRAPE_EVERY_MS / 1_000} s`,
  run: async ({ ground, folder, rows, tell }) => {
    const client = await connect(ground.url);
    try {
      await loadUsers(client, { rows });
      const { all, page, serve, answers, seconds } = await walkWatched(client, folder, ground.url);
      tell(`${answers} answers of page and metrics`);
      const work = all - page - serve;
      const metrics = (await readingCost(client, ground.url)) * ((seconds * 1_000) / SCRAPE_EVERY_MS);
      return [
        { name: 'CPU of walk and queue', value: (work * 1_000) / rows, unit: 'µs/row' },
        { name: 'CPU of the pages', value: (page * 1_000) / rows, unit: 'µs/row' },
        {
          name: 'CPU of serve: leader, verification, metrics',
          value: (serve * 1_000) / rows,
          unit: 'µs/row',
        },
        { name: 'CPU of the readings for metrics', value: (metrics * 1_000) / rows, unit: 'µs/row' },
        {
          name: 'pages and metrics over walk',
          value: (page + metrics) / work,
          unit: 'x',
          target: { atMost: 0.02 },
        },
      ];
    } finally {
      await client.end();
    }
  },
};

/** Milliseconds of processor time, of all sessions of Bellows and of those that look. */
interface Watched {
  readonly all: number;
  readonly page: number;
  readonly serve: number;
  readonly answers: number;
  /** How long the walk took. */
  readonly seconds: number;
}

const READINGS = 40;

/** Milliseconds of processor time of one reading for metrics, of the ledger as the walk left it: the longest that it was. */
async function readingCost(client: Client, url: string): Promise<number> {
  const database = createDatabase({ url, applicationName: METRICS, max: 1 });
  const read = stateReader(database);
  try {
    await read();
    const before = await cpuTimes(client, METRICS);
    for (let i = 0; i < READINGS; i += 1) await read();
    return cpuBetween(before, await cpuTimes(client, METRICS)) / READINGS;
  } finally {
    await database.close();
  }
}

async function walkWatched(client: Client, folder: string, url: string): Promise<Watched> {
  const end = new AbortController();
  setMaxListeners(2 * PAGES, end.signal);
  const bellows = await createBellows({ ...bellowsOptions(folder, url), actor: 'serve' });
  await bellows.history();
  const worker = await startWorker(folder, url, 1);
  const { where, ended: serving } = beginServing(bellows, end.signal);
  try {
    const { page, metrics } = await where;
    const begun = await looks(client);
    const looking = [
      ...Array.from({ length: PAGES }, (_, i) =>
        ask(`${page}/migrations/${MIGRATION_ID}`, PAGE_EVERY_MS, end.signal, (i * PAGE_EVERY_MS) / PAGES),
      ),
      ask(`${metrics}/metrics`, SCRAPE_EVERY_MS, end.signal),
    ];
    const { seconds } = await bellows.up({ detach: true, until: 'gated' });
    const ended = await looks(client);
    end.abort();
    const answers = (await Promise.all(looking)).reduce((sum, n) => sum + n, 0);
    const [all = 0, ofPage = 0, ofServe = 0] = begun.map((before, i) =>
      cpuBetween(before, ended[i] ?? new Map()),
    );
    return { all, page: ofPage, serve: ofServe, answers, seconds };
  } finally {
    end.abort();
    await serving;
    worker.kill();
    await bellows.close();
  }
}

interface Where {
  readonly page: string;
  readonly metrics: string;
}

function beginServing(
  bellows: Bellows,
  signal: AbortSignal,
): { readonly where: Promise<Where>; readonly ended: Promise<void> } {
  let ended: Promise<void> = Promise.resolve();
  const where = new Promise<Where>((resolve, reject) => {
    ended = bellows.serve({ signal, onReady: resolve });
    ended.catch(reject);
  });
  return { where, ended };
}

async function looks(client: Client): Promise<readonly CpuTimes[]> {
  const times: CpuTimes[] = [];
  for (const prefix of ['bellows', PAGE, SERVE]) times.push(await cpuTimes(client, prefix));
  return times;
}

/** @returns how many answers came */
async function ask(url: string, everyMs: number, end: AbortSignal, firstMs = 0): Promise<number> {
  let answers = 0;
  await delay(firstMs, undefined, { signal: end }).catch(() => undefined);
  while (!end.aborted) {
    const response = await fetch(url, { signal: end }).catch(() => null);
    await response?.text().catch(() => '');
    if (response !== null) answers += 1;
    await delay(everyMs, undefined, { signal: end }).catch(() => undefined);
  }
  return answers;
}
