import type { Job } from 'bullmq';
import type { JobContext, JobOutcome, RangeJob } from '#ports';
import { codeOf } from './reports.js';

export type Handle = (job: RangeJob, context: JobContext) => Promise<JobOutcome>;

/** The handlers at work, each with its own signal: listeners on a shared one would pile up over the jobs. */
export class RunningJobs {
  readonly #handle: Handle;
  readonly #running = new Map<AbortController, Promise<JobOutcome>>();
  #ending = false;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  get size(): number {
    return this.#running.size;
  }

  async perform(job: Job<RangeJob, JobOutcome>): Promise<JobOutcome> {
    const range = rangeOf(job.data);
    if (range === undefined) return 'stale';
    const controller = new AbortController();
    // Fetched just before the end: the handler hears of it at once, and gives the range back.
    if (this.#ending) controller.abort();
    const context = { signal: controller.signal, jobId: job.id ?? '', enqueuedAt: job.timestamp };
    const work = (async () => this.#handle(range, context))();
    this.#running.set(controller, work);
    try {
      return await work;
    } catch (error) {
      throw withoutValues(error);
    } finally {
      this.#running.delete(controller);
    }
  }

  abort(): void {
    this.#ending = true;
    for (const controller of this.#running.keys()) controller.abort();
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }
}

/** Others may write to the queue as well: what has not our shape wakes nobody. */
function rangeOf(data: unknown): RangeJob | undefined {
  if (typeof data !== 'object' || data === null || !('runId' in data) || !('rangeId' in data))
    return undefined;
  const { runId, rangeId } = data;
  if (!Number.isSafeInteger(runId) || !Number.isSafeInteger(rangeId)) return undefined;
  return { runId: Number(runId), rangeId: Number(rangeId) };
}

/** BullMQ stores message and stack of what a handler throws, and both may quote a row. */
function withoutValues(error: unknown): Error {
  const name =
    codeOf(error) ?? (error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'ERROR');
  const plain = new Error(name);
  plain.stack = name;
  return plain;
}
