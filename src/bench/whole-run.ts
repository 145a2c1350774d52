/** The whole table through `up`: leader in this process, one worker in another, everything at its default. */
import { createBellows } from '#main';
import { cpuBetween, cpuTimes } from './cpu.js';
import { connect } from './ground.js';
import { bellowsOptions } from './project.js';
import { startWorker, type WorkerSize } from './worker-process.js';

export interface WholeRun {
  readonly rows: number;
  /** From the first batch's job to the last batch's commit. */
  readonly walkSeconds: number;
  readonly rowsPerSecond: number;
  /** Of all sessions of Bellows, leader and queue too, over the whole of `up`. */
  readonly cpuMicrosPerRow: number;
  readonly ranges: number;
  readonly batches: number;
  readonly medianBatchMs: number;
  /** `up` as a whole: expand, walk, sweep, verification, gate. */
  readonly upSeconds: number;
  readonly worker: WorkerSize;
  readonly queue: string;
}

export async function measureWholeRun(folder: string, url: string): Promise<WholeRun> {
  const client = await connect(url);
  const bellows = await createBellows(bellowsOptions(folder, url));
  // Makes the schema, which a worker needs.
  await bellows.history();
  const worker = await startWorker(folder, url, 1);
  try {
    const before = await cpuTimes(client, 'bellows');
    const { reached, seconds } = await bellows.up({ detach: true, until: 'gated' });
    if (!reached) throw new Error('up did not reach the gate');
    const cpuMs = cpuBetween(before, await cpuTimes(client, 'bellows'));
    const queue = await bellows.queue();
    const { rows } = await client.query<WalkRow>(WALK);
    const walk = rows[0];
    if (walk === undefined) throw new Error('the walk left no ledger');
    return {
      rows: walk.rows,
      walkSeconds: walk.seconds,
      rowsPerSecond: Math.round(walk.rows / walk.seconds),
      cpuMicrosPerRow: (cpuMs * 1_000) / walk.rows,
      ranges: walk.ranges,
      batches: walk.batches,
      medianBatchMs: walk.median_ms,
      upSeconds: seconds,
      worker: await worker.stop(),
      queue,
    };
  } finally {
    worker.kill();
    await bellows.close();
    await client.end();
  }
}

interface WalkRow {
  readonly rows: number;
  readonly seconds: number;
  readonly ranges: number;
  readonly batches: number;
  readonly median_ms: number;
}

const WALK = `
select
  (select sum(rows)::integer from bellows.batches) as rows,
  extract(epoch from max(r.finished_at) - min(r.started_at))::float8 as seconds,
  count(*)::integer as ranges,
  (select count(*)::integer from bellows.batches b join bellows.ranges o on o.id = b.range_id where o.pass = 1) as batches,
  (select percentile_cont(0.5) within group (order by b.milliseconds) from bellows.batches b
    join bellows.ranges o on o.id = b.range_id where o.pass = 1)::float8 as median_ms
from bellows.ranges r
where r.pass = 1`;
