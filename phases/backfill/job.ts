import type { JobContext, JobOutcome, JobQueue, RangeJob } from '#ports';
import type { WalkDeps } from './course.js';
import { dispatch } from './dispatch.js';
import { troubleOf } from './trouble.js';
import { walkRange } from './walk.js';

export interface RangeJobDeps extends WalkDeps {
  readonly queue: Pick<JobQueue, 'enqueue' | 'known'>;
  /** Stops the run: a batch failed for a reason that neither waiting nor splitting removes. */
  readonly fail: (runId: number, error: unknown) => Promise<void>;
}

/**
 * What a worker does with a job: walks its range, then wakes the next one. A server that cannot be reached is no failure
 * of the run: the job ends, and the leader makes it again from the ledger.
 */
export function rangeJob(deps: RangeJobDeps): (job: RangeJob, context: JobContext) => Promise<JobOutcome> {
  return async (job, context) => {
    const migration = (await deps.store.runById(job.runId).catch(() => null))?.migration;
    if (migration !== undefined) {
      const waitSeconds = Math.max(0, (Date.now() - context.enqueuedAt) / 1_000);
      deps.emit('job:started', { migration, waitSeconds });
    }
    const tell = (outcome: JobOutcome | 'failed') => {
      if (migration !== undefined) deps.emit('job:finished', { migration, outcome });
    };
    try {
      const outcome = await walkRange(deps, job, context.signal);
      tell(outcome);
      // The leader dispatches at each of its ticks; this only saves the wait for the next one.
      if (!context.signal.aborted) await dispatch(deps, { id: job.runId }).catch(() => 0);
      return outcome;
    } catch (error) {
      if (troubleOf(error).kind === 'connection') {
        tell('yielded');
        return 'yielded';
      }
      tell('failed');
      await deps.fail(job.runId, error);
      return 'stale';
    }
  };
}
