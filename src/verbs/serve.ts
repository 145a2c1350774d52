/** The long-running processes: `serve` leads, and shows page, metrics and health; `worker` walks, and shows metrics and health. */
import type { ServeOptions, WorkerOptions } from '#api';
import type { Context } from './context.js';
import { observe } from './observe.js';
import { type PageDoor, servePage } from './page.js';
import { startLeader, startWorker } from './processes.js';
import { startWatch } from './watch.js';

const DEFAULT_SLOTS = 4;

export async function serve(
  context: Context,
  door: PageDoor,
  { signal, onReady }: ServeOptions,
): Promise<void> {
  const { host, metricsPort } = context.settings.http;
  await context.install();
  const observed = await observe(context, 'leader', { host, port: metricsPort });
  const page = await servePage(context, door, observed.warn);
  const watch = startWatch(context, observed.warn);
  onReady?.({ metrics: observed.address, page: page.address });
  try {
    await startLeader(context, signal, observed.turn);
  } finally {
    await watch.close();
    await page.close();
    await observed.close();
  }
}

export async function worker(context: Context, { signal, slots, onReady }: WorkerOptions): Promise<void> {
  const { host, workerMetricsPort } = context.settings.http;
  await context.install();
  const observed = await observe(context, 'worker', { host, port: workerMetricsPort });
  onReady?.({ metrics: observed.address });
  try {
    await startWorker(context, slots ?? DEFAULT_SLOTS, signal, observed.turn);
  } finally {
    await observed.close();
  }
}
