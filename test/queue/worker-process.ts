// A process of its own for the queue's tests: QUEUE_URL, QUEUE_NAME, and what to do in QUEUE_TASK.
import { emitter } from '#core/events';
import { createQueue } from '#queue/create';

const { QUEUE_URL = '', QUEUE_NAME = '', QUEUE_TASK = '' } = process.env;
const queue = await createQueue({ databaseUrl: QUEUE_URL, name: QUEUE_NAME, emit: emitter([]) });

/** `hang`: takes a job and never ends. */
async function hang(): Promise<void> {
  await queue.work({ slots: 1 }, async (_, { jobId }) => {
    console.log(`took ${jobId}`);
    return new Promise(() => undefined);
  });
}

/** `once`: works on one job, closes, and has to end by itself. */
async function once(): Promise<void> {
  let done: (() => void) | undefined;
  const first = new Promise<void>((resolve) => {
    done = resolve;
  });
  const worker = await queue.work({ slots: 2 }, async () => {
    done?.();
    return 'done';
  });
  await queue.enqueue('once-1', { runId: 1, rangeId: 1 }).catch(() => done?.());
  await first;
  await worker.close();
  await queue.close();
  console.log('closed');
}

await (QUEUE_TASK === 'hang' ? hang() : once());
