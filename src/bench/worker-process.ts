import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromWorker } from './worker.js';

export type WorkerSize = Omit<Extract<FromWorker, { readonly kind: 'size' }>, 'kind'>;

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));

/** A worker that runs beside this process. */
export interface WorkerProcess {
  /** How many jobs it has finished so far. */
  jobsFinished(): number;
  /** Resolves when it has finished more jobs than `jobs`; rejects when it has ended. */
  finishedAfter(jobs: number): Promise<void>;
  /** Ends it and tells how large it was. */
  stop(): Promise<WorkerSize>;
  /** Ends it at once. */
  kill(): void;
}

/** Resolves when it takes jobs, as many at a time as it has slots. */
export async function startWorker(
  folder: string,
  databaseUrl: string,
  slots: number,
): Promise<WorkerProcess> {
  const child = fork(WORKER, [folder, databaseUrl, String(slots)]);
  let finished = 0;
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'finished') finished += 1;
  });
  await said(child, 'ready');
  return {
    jobsFinished: () => finished,
    finishedAfter: async (jobs) => {
      // Counted by the listener above, which was there first.
      if (finished <= jobs) await said(child, 'finished');
    },
    stop: async () => {
      const size = said(child, 'size');
      child.send('stop');
      const { largestMb, lastMb } = await size;
      if (child.exitCode === null) await once(child, 'exit');
      return { largestMb, lastMb };
    },
    kill: () => child.kill('SIGKILL'),
  };
}

type Message<K extends FromWorker['kind']> = Extract<FromWorker, { readonly kind: K }>;

function said<K extends FromWorker['kind']>(child: ChildProcess, kind: K): Promise<Message<K>> {
  return new Promise((resolve, reject) => {
    const end = (code: number | null) => reject(new Error(`The worker ended with exit code ${code}.`));
    const hear = (message: FromWorker) => {
      if (!isKind(message, kind)) return;
      child.off('message', hear).off('exit', end);
      resolve(message);
    };
    child.on('message', hear).once('exit', end);
  });
}

function isKind<K extends FromWorker['kind']>(message: FromWorker, kind: K): message is Message<K> {
  return message.kind === kind;
}
