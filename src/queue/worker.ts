import type { IQueueBackend } from 'bullmq';
import type { JobOutcome, JobWorker, RangeJob } from '#ports';
import { type Broker, GRACE_MS, type WorkerConnection, within } from './broker.js';
import { type QueueError, unavailable, workerStopped } from './errors.js';
import { faultJudge } from './faults.js';
import type { Reports } from './reports.js';
import { type Handle, RunningJobs } from './running-jobs.js';

export interface QueueWorker extends JobWorker {
  /** Fulfilled when it takes no more jobs: null after `close()`, else the error that stopped it. */
  readonly stopped: Promise<QueueError | null>;
}

/**
 * Milliseconds. The same in every process: a dead worker's job comes back after its lock has run out and two looks at
 * stalled jobs, so 9 s at the most.
 */
const LOCK_MS = 5_000;
const STALLED_EVERY_MS = 2_000;

const REST_MS = 500;
const LONGEST_REST_MS = 10_000;

const OPTIONS = {
  autorun: false,
  lockDuration: LOCK_MS,
  stalledInterval: STALLED_EVERY_MS,
  // Deploys kill workers; whether a range has failed too often is for the ledger to say, not for the queue.
  maxStalledCount: 1_000_000,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
  runRetryDelay: 1_000,
  // BullMQ prints its opinion of the server's version and settings; ours goes to the listeners.
  skipVersionCheck: true,
  skipWaitingForReady: true,
} as const;

export interface WorkerOptions {
  readonly name: string;
  readonly prefix: string;
  readonly slots: number;
  readonly handle: Handle;
  readonly reports: Reports;
}

/** What is used of BullMQ's worker, whichever backend it has. */
interface PausableWorker {
  close(): Promise<void>;
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): Promise<void>;
}

/** Throws `BELLOWS_QUEUE_UNAVAILABLE` where the connection must stand first and does not. */
export async function startWorker<B extends IQueueBackend, C>(
  broker: Broker<B, C>,
  { name, prefix, slots, handle, reports }: WorkerOptions,
): Promise<QueueWorker> {
  const opened = broker.openWorker();
  const jobs = new RunningJobs(handle);
  const worker = new broker.classes.Worker<RangeJob, JobOutcome>(name, (job) => jobs.perform(job), {
    ...OPTIONS,
    connection: opened.connection,
    prefix,
    concurrency: slots,
    drainDelay: broker.drainDelay,
  });
  const taking = new TakingWorker(worker, opened, jobs, broker.description, reports);
  worker.on('error', (error) => taking.fault(error));
  worker.on('stalled', () => reports.stalled());
  if (broker.connectFirst) {
    await worker.waitUntilReady().catch(async (error: unknown) => {
      await taking.close();
      throw unavailable(broker.description, reports.wording(error));
    });
  }
  void worker.run().catch((error: unknown) => taking.fault(error));
  return taking;
}

/** A BullMQ worker that rests where errors pass, stops where they stay, and ends whatever its server does. */
class TakingWorker implements QueueWorker {
  readonly stopped: Promise<QueueError | null>;
  readonly #worker: PausableWorker;
  readonly #opened: Pick<WorkerConnection<unknown>, 'end'>;
  readonly #jobs: RunningJobs;
  readonly #description: string;
  readonly #reports: Reports;
  readonly #judge = faultJudge();
  #tellStopped: (error: QueueError | null) => void = () => undefined;
  #closing: Promise<void> | undefined;
  #rest: NodeJS.Timeout | undefined;
  #restMs = REST_MS;
  #restedAt = 0;

  constructor(
    worker: PausableWorker,
    opened: Pick<WorkerConnection<unknown>, 'end'>,
    jobs: RunningJobs,
    description: string,
    reports: Reports,
  ) {
    this.#worker = worker;
    this.#opened = opened;
    this.#jobs = jobs;
    this.#description = description;
    this.#reports = reports;
    this.stopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  fault(error: unknown): void {
    if (this.#closing !== undefined) return;
    const text = this.#reports.wording(error);
    this.#reports.tell(error);
    const verdict = this.#judge(error, text, Date.now());
    if (verdict === 'rest') this.#takeRest();
    if (verdict === 'stop') this.#stop(text);
  }

  /** Each rest is twice as long as the last one, until it went well for a while. */
  #takeRest(): void {
    if (this.#rest !== undefined) return;
    const now = Date.now();
    const calm = now - this.#restedAt > 2 * LONGEST_REST_MS;
    this.#restMs = calm ? REST_MS : Math.min(2 * this.#restMs, LONGEST_REST_MS);
    this.#restedAt = now;
    this.#orNothing(this.#worker.pause(true));
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#orNothing(this.#worker.resume());
    }, this.#restMs);
  }

  #stop(cause: string): void {
    const error = workerStopped(this.#description, cause);
    this.#reports.tell(error);
    this.#tellStopped(error);
    this.#orNothing(this.close());
  }

  async #end(): Promise<void> {
    clearTimeout(this.#rest);
    this.#jobs.abort();
    const closed = this.#worker.close().catch((error: unknown) => this.#reports.tell(error));
    let orderly = false;
    do {
      await this.#jobs.settled();
      // What is left to do is to tell the server which jobs are done: it may be away.
      orderly = await within(closed, GRACE_MS);
    } while (!orderly && this.#jobs.size > 0);
    await this.#opened.end();
    await within(closed, GRACE_MS);
    this.#tellStopped(null);
  }

  #orNothing(promise: Promise<unknown>): void {
    promise.catch((error: unknown) => this.#reports.tell(error));
  }
}
