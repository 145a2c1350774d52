import { randomUUID } from 'node:crypto';
import type { Emit } from '#core/events';
import type { Database, JobQueue, RunRow } from '#ports';
import { LIVE_SECONDS, WALKED } from './claim.js';
import { paceOf } from './pace-settings.js';

export interface DispatchDeps {
  readonly database: Database;
  readonly queue: Pick<JobQueue, 'enqueue' | 'known'>;
  readonly emit: Emit;
}

interface Candidate extends Readonly<Record<string, unknown>> {
  readonly id: number;
  readonly job_id: string | null;
  readonly fresh: boolean;
}

/** Between marking a range and the queue's knowledge of its job another dispatcher may look. Seconds. */
const GRACE_SECONDS = 2;

/**
 * Open ranges that nobody walks, those with a job first: they are looked up in the queue, and few enough, since only as
 * many get a job as the concurrency allows.
 */
const CANDIDATES = `
select
  r.id,
  r.job_id,
  (r.queued_at > clock_timestamp() - ${GRACE_SECONDS} * interval '1 s') is true as fresh
from bellows.ranges r
where r.run_id = $1
  and r.state = 'open'
  and (r.holder is null or r.beat_at < clock_timestamp() - ${LIVE_SECONDS} * interval '1 s')
order by r.backfill, r.pass, r.job_id is null, r.id
limit $2`;

const LIVE = `
select
  runs.pace,
  runs.state_kind in ${WALKED} as backfilling,
  (
    select count(*)::integer
    from bellows.ranges r
    where r.run_id = runs.id
      and r.state = 'open'
      and r.holder is not null
      and r.beat_at >= clock_timestamp() - ${LIVE_SECONDS} * interval '1 s'
  ) as live
from bellows.runs
where id = $1`;

/**
 * Makes jobs for open ranges up to the free concurrency; a job that the queue lost is made again under a fresh id.
 * Any number of processes may call it at any time: a job too many finds its range claimed and ends as `stale`.
 *
 * @returns how many jobs were added.
 */
export async function dispatch(deps: DispatchDeps, run: Pick<RunRow, 'id'>): Promise<number> {
  const { database, queue } = deps;
  const row = (
    await database.query<{ pace: unknown; backfilling: boolean; live: number }>(LIVE, [run.id])
  )[0];
  if (row === undefined || !row.backfilling) return 0;
  const free = paceOf(row.pace).concurrency - row.live;
  if (free <= 0) return 0;
  const candidates = await database.query<Candidate>(CANDIDATES, [run.id, free * 2]);
  const waiting = await alreadyWaiting(queue, candidates);
  const idle = candidates.filter((range) => !waiting.has(range.id));
  let added = 0;
  for (const range of idle.slice(0, Math.max(0, free - waiting.size))) {
    if (await addJob(deps, run.id, range)) added += 1;
  }
  return added;
}

async function alreadyWaiting(
  queue: DispatchDeps['queue'],
  candidates: readonly Candidate[],
): Promise<ReadonlySet<number>> {
  const jobs = candidates.flatMap(({ job_id }) => (job_id === null ? [] : [job_id]));
  const known = jobs.length === 0 ? new Set<string>() : await queue.known(jobs);
  const waits = ({ job_id, fresh }: Candidate) => job_id !== null && (fresh || known.has(job_id));
  return new Set(candidates.filter(waits).map((range) => range.id));
}

/** The mark is set first and only if nobody else set one: a crash before the enqueue leaves a job that the queue does not know. */
async function addJob(
  { database, queue, emit }: DispatchDeps,
  runId: number,
  range: Candidate,
): Promise<boolean> {
  const jobId = `r${runId}-${range.id}-${randomUUID()}`;
  const marked = await database.query(
    `update bellows.ranges
    set job_id = $2, queued_at = clock_timestamp()
    where id = $1
      and state = 'open'
      and job_id is not distinct from $3
    returning id`,
    [range.id, jobId, range.job_id],
  );
  if (marked.length === 0) return false;
  await queue.enqueue(jobId, { runId, rangeId: Number(range.id) });
  if (range.job_id !== null) emit('job:redelivered', { cause: 'reconciled' });
  return true;
}
