/**
 * Bellows itself: the run that `up` made, its jobs through the queue, a worker in a process of its own. Slices need ranges
 * that can be held back, so the ranges that are not their turn's are void meanwhile.
 */
import type { Client } from 'pg';
import { createBellows } from '#main';
import { dispatch } from '#phases/backfill/dispatch';
import { planWalk } from '#phases/backfill/ranges';
import type { Database, JobQueue, RunRow } from '#ports';
import { createDatabase } from '#postgres/database';
import { createRunStore } from '#postgres/run-store';
import { createQueue } from '#queue/create';
import { bellowsOptions } from './project.js';
import type { Shape, Slice } from './shapes.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

export interface BellowsRun {
  readonly run: RunRow;
  readonly database: Database;
  readonly queue: JobQueue;
  readonly worker: WorkerProcess;
  close(): Promise<void>;
}

/** Expands with `up`, plans the walk, holds all of it back and starts a worker. */
export async function startBellows(folder: string, url: string): Promise<BellowsRun> {
  const bellows = await createBellows(bellowsOptions(folder, url));
  await bellows.up({ detach: true });
  await bellows.close();
  const database = createDatabase({ url, applicationName: 'bench' });
  const run = (await createRunStore(database).runs())[0];
  if (run === undefined) throw new Error('up made no run');
  await planWalk({ database }, run, 0, 1);
  await database.query(`update bellows.ranges set state = 'void' where run_id = $1`, [run.id]);
  const queue = await openQueue(database, url);
  const worker = await startWorker(folder, url);
  const close = async () => {
    worker.kill();
    await queue.close();
    await database.close();
  };
  return { run, database, queue, worker, close };
}

async function openQueue(database: Database, url: string): Promise<JobQueue> {
  const rows = await database.query<{ id: string }>('select id::text as id from bellows.installation');
  return createQueue({ databaseUrl: url, name: `bellows-${rows[0]?.id}`, emit: () => undefined });
}

export function bellowsShape(client: Client, { run, database, queue, worker }: BellowsRun): Shape {
  const [backfill] = run.plan.backfills;
  if (backfill?.kind !== 'synced') throw new Error('the migration has a synced backfill');
  const { insertTrigger, updateTrigger } = backfill;
  return {
    name: 'bellows',
    sessions: 'bellows',
    prepare: async ({ ranges }) => {
      await client.query('alter table users disable trigger user');
      for (const name of [insertTrigger, updateTrigger]) {
        await client.query(`alter table users enable always trigger "${name}"`);
      }
      await database.query(`update bellows.ranges set state = 'open' where id = any ($1)`, [ranges]);
    },
    move: async ({ ranges }) => {
      do {
        const finished = worker.finished();
        await dispatch({ database, queue }, run);
        await finished;
      } while ((await openRanges(database, ranges)) > 0);
      return rowsOf(database, ranges);
    },
  };
}

async function openRanges(database: Database, ranges: readonly number[]): Promise<number> {
  const rows = await database.query<{ n: number }>(
    `select count(*)::integer as n from bellows.ranges where id = any ($1) and state = 'open'`,
    [ranges],
  );
  return rows[0]?.n ?? 0;
}

async function rowsOf(database: Database, ranges: readonly number[]): Promise<number> {
  const rows = await database.query<{ n: number }>(
    'select coalesce(sum(rows), 0)::integer as n from bellows.batches where range_id = any ($1)',
    [ranges],
  );
  return rows[0]?.n ?? 0;
}

interface RangeRow extends Readonly<Record<string, unknown>> {
  readonly id: number;
  readonly lo: number;
  readonly hi: number;
}

/**
 * At most `count` slices of neighbouring ranges, in the order of the heap. What follows on the last one is left out: the new
 * versions of moved rows begin there.
 */
export async function cutSlices(
  client: Client,
  { database, run }: BellowsRun,
  count: number,
): Promise<readonly Slice[]> {
  const ranges = await database.query<RangeRow>(
    'select id, lo, hi from bellows.ranges where run_id = $1 order by lo',
    [run.id],
  );
  const edge = (i: number) => Math.round((i * (ranges.length - 1)) / count);
  const groups = Array.from({ length: count }, (_, i) => ranges.slice(edge(i), edge(i + 1)));
  const slices: Slice[] = [];
  for (const group of groups.filter(({ length }) => length > 0)) slices.push(await toSlice(client, group));
  return slices;
}

async function toSlice(client: Client, group: readonly RangeRow[]): Promise<Slice> {
  const [lo, hi] = [Number(group[0]?.lo), Number(group.at(-1)?.hi)];
  const { rows } = await client.query<{ first: string; last: string; rows: number }>(
    `select min(id) as first, max(id) as last, count(*)::integer as rows
     from users
     where ctid >= '(${lo},0)'
       and ctid < '(${hi},0)'`,
  );
  const { first = '0', last = '0', rows: n = 0 } = rows[0] ?? {};
  return { lo, hi, firstId: first, lastId: last, rows: n, ranges: group.map(({ id }) => Number(id)) };
}
