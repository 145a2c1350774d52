import type { IQueueBackend, JobsOptions, JobType } from 'bullmq';
import type { JobOutcome, JobQueue, RangeJob } from '#ports';
import { type Broker, GRACE_MS, within } from './broker.js';
import { badName, unavailable } from './errors.js';
import type { Reports } from './reports.js';
import type { Handle } from './running-jobs.js';
import { type QueueWorker, startWorker } from './worker.js';

const JOB_NAME = 'range';
const MAX_EVENTS = 100;
const ALIVE: ReadonlySet<string> = new Set(['waiting', 'delayed', 'active', 'prioritized']);

/** The port, with workers that also say when they stopped by themselves. */
export interface WakingQueue extends JobQueue {
  work(options: { readonly slots: number }, handle: Handle): Promise<QueueWorker>;
}

export interface QueueIdentity {
  readonly name: string;
  readonly prefix: string;
}

/** What is used of BullMQ's queue, whichever backend it has. */
interface AddingQueue {
  add(name: string, data: RangeJob, options: JobsOptions): Promise<unknown>;
  getJobState(jobId: string): Promise<string>;
  getJobCounts(...types: JobType[]): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** BullMQ over either broker. Throws `BELLOWS_QUEUE_UNAVAILABLE` where the connection must stand first and does not. */
export async function openJobs<B extends IQueueBackend, C>(
  broker: Broker<B, C>,
  { name, prefix }: QueueIdentity,
  reports: Reports,
): Promise<WakingQueue> {
  const queue = new broker.classes.Queue<RangeJob, JobOutcome, string>(name, {
    connection: broker.connection,
    prefix,
    streams: { events: { maxLen: MAX_EVENTS } },
    skipVersionCheck: true,
    skipWaitingForReady: true,
  });
  queue.on('error', (error) => reports.tell(error));
  const start = (slots: number, handle: Handle) =>
    startWorker(broker, { name, prefix, slots, handle, reports });
  const jobs = new Jobs(queue, broker, start, reports);
  if (broker.connectFirst) {
    await queue.waitUntilReady().catch(async (error: unknown) => {
      await jobs.close();
      throw unavailable(broker.description, reports.wording(error));
    });
  }
  return jobs;
}

class Jobs implements WakingQueue {
  readonly #queue: AddingQueue;
  readonly #broker: Pick<Broker<IQueueBackend, unknown>, 'description' | 'close'>;
  readonly #start: (slots: number, handle: Handle) => Promise<QueueWorker>;
  readonly #reports: Reports;
  readonly #workers = new Set<QueueWorker>();
  #closing: Promise<void> | undefined;

  constructor(
    queue: AddingQueue,
    broker: Pick<Broker<IQueueBackend, unknown>, 'description' | 'close'>,
    start: (slots: number, handle: Handle) => Promise<QueueWorker>,
    reports: Reports,
  ) {
    this.#queue = queue;
    this.#broker = broker;
    this.#start = start;
    this.#reports = reports;
  }

  get description(): string {
    return this.#broker.description;
  }

  async enqueue(jobId: string, { runId, rangeId }: RangeJob): Promise<void> {
    if (!isName(jobId)) throw badName('job id', jobId);
    // One attempt: whether a range is tried again is for the ledger to say, under a fresh job id.
    const options = { jobId, attempts: 1, removeOnComplete: true, removeOnFail: true, stackTraceLimit: 0 };
    await this.#ask(() => this.#queue.add(JOB_NAME, { runId, rangeId }, options));
  }

  async known(jobIds: readonly string[]): Promise<ReadonlySet<string>> {
    const states = await this.#ask(() => Promise.all(jobIds.map((id) => this.#queue.getJobState(id))));
    return new Set(jobIds.filter((_, index) => ALIVE.has(states[index] ?? '')));
  }

  async counts(): Promise<Readonly<Record<'waiting' | 'active' | 'delayed' | 'failed', number>>> {
    const counts = await this.#ask(() => this.#queue.getJobCounts('waiting', 'active', 'delayed', 'failed'));
    const { waiting = 0, active = 0, delayed = 0, failed = 0 } = counts;
    return { waiting, active, delayed, failed };
  }

  async work({ slots }: { readonly slots: number }, handle: Handle): Promise<QueueWorker> {
    if (this.#closing !== undefined) throw unavailable(this.description, 'it was closed');
    const worker = await this.#start(slots, handle);
    this.#workers.add(worker);
    void worker.stopped.then(() => this.#workers.delete(worker));
    return worker;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.close()));
    await within(this.#queue.close(), GRACE_MS);
    await this.#broker.close();
  }

  async #ask<R>(question: () => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) throw unavailable(this.description, 'it was closed');
    try {
      return await question();
    } catch (error) {
      throw unavailable(this.description, this.#reports.wording(error));
    }
  }
}

/** BullMQ refuses ":" and digits only in some places, and a key should be readable in all. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,120}$/.test(text) && !/^\d+$/.test(text);
}
