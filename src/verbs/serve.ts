/** The long-running processes: `serve` leads and shows metrics and health, `worker` walks and shows them. */
import type { ServeOptions, WorkerOptions } from '#api';
import type { Context } from './context.js';
import { type Observed, observe } from './observe.js';
import { startLeader, startWorker } from './processes.js';

const DEFAULT_SLOTS = 4;

export async function serve(context: Context, { signal, onReady }: ServeOptions): Promise<void> {
  const { host, metricsPort } = context.settings.http;
  await run(context, 'leader', { host, port: metricsPort }, onReady, signal, (inner, turn) =>
    startLeader(context, inner, turn),
  );
}

export async function worker(context: Context, { signal, slots, onReady }: WorkerOptions): Promise<void> {
  const { host, workerMetricsPort } = context.settings.http;
  await run(context, 'worker', { host, port: workerMetricsPort }, onReady, signal, (inner, turn) =>
    startWorker(context, slots ?? DEFAULT_SLOTS, inner, turn),
  );
}

async function run(
  context: Context,
  role: 'leader' | 'worker',
  listen: { readonly host: string; readonly port: number },
  onReady: ServeOptions['onReady'],
  signal: AbortSignal,
  work: (signal: AbortSignal, turn: () => void) => Promise<void>,
): Promise<void> {
  await context.install();
  const observed: Observed = await observe(context, role, listen);
  onReady?.({ metrics: observed.address });
  try {
    await work(signal, observed.turn);
  } finally {
    await observed.close();
  }
}
