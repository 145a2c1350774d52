import type { BackendClasses, IQueueBackend } from 'bullmq';

/** One of the two places where BullMQ can keep its jobs, as the shared part sees it. */
export interface Broker<B extends IQueueBackend, C> {
  readonly classes: BackendClasses<B, C>;
  /** In words, without a password. */
  readonly description: string;
  /** Of the side that adds and asks: fails fast. */
  readonly connection: C;
  /**
   * Whether a queue or worker is made only once it is connected. BullMQ's PostgreSQL backend remembers a failed first
   * connection for ever; its Redis backend waits by itself.
   */
  readonly connectFirst: boolean;
  /** Seconds that an idle worker waits before it looks without having been called. */
  readonly drainDelay: number;
  /** Connections of one worker: they wait for a server that is away. */
  openWorker(): WorkerConnection<C>;
  /** Ends the connection of the adding side. */
  close(): Promise<void>;
}

export interface WorkerConnection<C> {
  readonly connection: C;
  /** Ends it whatever state it is in, so that commands that wait for the server give up. */
  end(): Promise<void>;
}

/** How long an orderly end of a connection may take before it is cut, in milliseconds. */
export const GRACE_MS = 3_000;

/** True when the promise settled in time, however it settled. Leaves no timer behind. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
