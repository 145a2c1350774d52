/**
 * Bellows itself: the run that `up` made, its jobs through the queue, a worker in a process of its own. Each slice is a
 * range; those whose turn has not come are void, which holds them back.
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

/** Expands with `up`, plans the walk and starts a worker. */
export async function startBellows(folder: string, url: string): Promise<BellowsRun> {
  const bellows = await createBellows(bellowsOptions(folder, url));
  await bellows.up({ detach: true });
  await bellows.close();
  const database = createDatabase({ url, applicationName: 'bench' });
  const run = (await createRunStore(database).runs())[0];
  if (run === undefined) throw new Error('up made no run');
  await planWalk({ database }, run, 0, 1);
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
    prepare: async ({ range }) => {
      await client.query('alter table users disable trigger user');
      for (const name of [insertTrigger, updateTrigger]) {
        await client.query(`alter table users enable always trigger "${name}"`);
      }
      await database.query(`update bellows.ranges set state = 'open' where id = $1`, [range]);
    },
    move: async ({ range }) => {
      do {
        const finished = worker.finished();
        await dispatch({ database, queue }, run);
        await finished;
      } while (await isOpen(database, range));
      return rowsOf(database, range);
    },
  };
}

async function isOpen(database: Database, range: number): Promise<boolean> {
  const sql = `select from bellows.ranges where id = $1 and state = 'open'`;
  return (await database.query(sql, [range])).length > 0;
}

async function rowsOf(database: Database, range: number): Promise<number> {
  const rows = await database.query<{ n: number }>(
    'select coalesce(sum(rows), 0)::integer as n from bellows.batches where range_id = $1',
    [range],
  );
  return rows[0]?.n ?? 0;
}

/**
 * Cuts the walk anew, into `count` ranges in the order of the heap: smaller ones than Bellows makes, so a little dearer. What
 * follows on the last one is left out: the new versions of moved rows begin there.
 */
export async function cutSlices(
  client: Client,
  { database, run }: BellowsRun,
  count: number,
): Promise<readonly Slice[]> {
  const cut = await database.query<RangeRow>(CUT, [run.id, count]);
  const slices: Slice[] = [];
  for (const row of cut.slice(0, count)) slices.push(await toSlice(client, row));
  return slices;
}

interface RangeRow extends Readonly<Record<string, unknown>> {
  readonly id: number;
  readonly lo: number;
  readonly hi: number;
}

const CUT = `
with walk as (
  delete from bellows.ranges
  where run_id = $1
  returning *
),
leaf as (
  select
    run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode,
    max(hi) as blocks, (max(hi) - 1) / $2::integer as size, sum(rows_expected) / max(hi) as rows_per_block
  from walk
  group by run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode
)
insert into bellows.ranges
  (run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, lo, hi, cursor, rows_expected, state)
select
  run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode,
  i * size, least((i + 1) * size, blocks), i * size, rows_per_block * size, 'void'
from leaf
cross join generate_series(0, $2::integer) as i
where i * size < blocks
order by i
returning id, lo, hi`;

async function toSlice(client: Client, range: RangeRow): Promise<Slice> {
  const [id, lo, hi] = [Number(range.id), Number(range.lo), Number(range.hi)];
  const { rows } = await client.query<{ first: string; last: string; rows: number }>(
    `select min(id) as first, max(id) as last, count(*)::integer as rows
     from users
     where ctid >= '(${lo},0)'
       and ctid < '(${hi},0)'`,
  );
  const { first = '0', last = '0', rows: n = 0 } = rows[0] ?? {};
  return { lo, hi, firstId: first, lastId: last, rows: n, range: id };
}
