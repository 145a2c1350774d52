import type { Client } from 'pg';
import { createBellows } from '#main';
import { planWalk } from '#phases/backfill/ranges';
import type { Database, JobQueue, RunRow } from '#ports';
import { createDatabase } from '#postgres/database';
import { createRunStore } from '#postgres/run-store';
import { createQueue } from '#queue/create';
import { bellowsOptions } from './project.js';
import type { Slice } from './shapes/shape.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

export interface BellowsRun {
  readonly run: RunRow;
  readonly database: Database;
  readonly queue: JobQueue;
  readonly worker: WorkerProcess;
  readonly slices: readonly Slice[];
  close(): Promise<void>;
}

export interface BellowsOptions {
  readonly client: Client;
  readonly folder: string;
  readonly url: string;
  /** Ranges that the worker may walk at a time. */
  readonly slots: number;
  /** How many slices the walk is cut into. */
  readonly slices: number;
}

/** Expands with `up`, plans the walk, cuts it into slices that are all held back, and starts a worker. */
export async function startBellows(options: BellowsOptions): Promise<BellowsRun> {
  const { client, folder, url, slots } = options;
  const bellows = await createBellows(bellowsOptions(folder, url));
  await bellows.up({ detach: true });
  await bellows.close();
  const database = createDatabase({ url, applicationName: 'bench' });
  const run = (await createRunStore(database).runs())[0];
  if (run === undefined) throw new Error('up made no run');
  await database.query(UNVACUUMED, [run.id]);
  await planWalk({ database }, run, 0, 1);
  const slices = await cutSlices(client, run, options.slices);
  const queue = await openQueue(database, url);
  const worker = await startWorker(folder, url, slots);
  const close = async () => {
    worker.kill();
    await queue.close();
    await database.close();
  };
  return { run, database, queue, worker, slices, close };
}

/** No leader vacuums here, and most of the dead rows are those of the other shapes. */
const UNVACUUMED = `
update bellows.runs
set pace = pace || '{"throttle": {"dead_tuples": false}}'
where id = $1`;

async function openQueue(database: Database, url: string): Promise<JobQueue> {
  const rows = await database.query<{ id: string }>('select id::text as id from bellows.installation');
  return createQueue({ databaseUrl: url, name: `bellows-${rows[0]?.id}`, emit: () => undefined });
}

/**
 * Cuts the walk anew, into `count` ranges in the order of the heap: smaller ones than Bellows makes, so a little dearer. What
 * follows on the last one is left out: the new versions of moved rows begin there.
 */
async function cutSlices(client: Client, run: RunRow, count: number): Promise<readonly Slice[]> {
  const { rows } = await client.query<RangeRow>(CUT, [run.id, count]);
  const slices: Slice[] = [];
  for (const row of rows.slice(0, count)) slices.push(await toSlice(client, row));
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
    `select (array_agg(id order by ctid))[1] as first, (array_agg(id order by ctid desc))[1] as last, count(*)::integer as rows
     from users
     where ctid >= '(${lo},0)'
       and ctid < '(${hi},0)'`,
  );
  const { first = '0', last = '0', rows: n = 0 } = rows[0] ?? {};
  return { lo, hi, firstId: first, lastId: last, rows: n, range: id };
}
