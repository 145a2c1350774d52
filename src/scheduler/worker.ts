/** The worker: takes jobs, walks their ranges, and says in PostgreSQL that it is alive. */
import { hostname } from 'node:os';
import { rangeJob } from '#phases/backfill/job';
import type { Database, JobContext, JobOutcome, JobQueue, RangeJob } from '#ports';

const BEAT_MS = 2000;

export interface WorkerDeps {
  readonly database: Database;
  readonly queue: JobQueue;
  readonly version: string;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly job: Parameters<typeof rangeJob>[0];
}

/**
 * Works until `signal` is aborted; resolves when the running batches are finished or rolled back. Rejects when the queue
 * stopped the worker, because an error of it repeated.
 */
export async function work(deps: WorkerDeps, slots: number, signal: AbortSignal): Promise<void> {
  const { holder: id } = deps.job;
  let used = 0;
  const take = (more: number) => {
    used += more;
    deps.job.emit('worker:slots', { slots, used });
  };
  const walk = rangeJob(deps.job);
  const handle = async (job: RangeJob, context: JobContext): Promise<JobOutcome> => {
    take(1);
    try {
      return await walk(job, context);
    } finally {
      take(-1);
    }
  };
  const worker = await deps.queue.work({ slots }, handle);
  take(0);
  const ended = new AbortController();
  void worker.stopped.then((error) => ended.abort(error));
  const either = AbortSignal.any([signal, ended.signal]);
  try {
    while (!either.aborted) {
      // Not reaching PostgreSQL must not end a worker: the batches have their own way of waiting for it.
      await beat(deps, id, slots, used).catch(() => undefined);
      await deps.sleep(BEAT_MS, either);
    }
    if (!signal.aborted) throw ended.signal.reason;
  } finally {
    await worker.close();
    await deps.database.query('delete from bellows.workers where id = $1', [id]).catch(() => undefined);
  }
}

async function beat(
  { database, version }: WorkerDeps,
  id: string,
  slots: number,
  used: number,
): Promise<void> {
  await database.query(
    `insert into bellows.workers (id, host, pid, version, slots, used)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (id) do update
       set used = excluded.used, beat_at = clock_timestamp()`,
    [id, hostname(), process.pid, version, slots, used],
  );
}
