/** Log, metrics and health of a long-running process. A port in use is a warning, never an end: observers cannot break a run. */
import { ListenError, PortInUseError } from '#http/errors';
import { createHealth } from '#http/health';
import { startObservability } from '#http/server';
import { createLog } from '#observe/log';
import { createMetrics } from '#observe/metrics';
import { stateReader } from '#observe/state';
import type { Context } from './context.js';

export interface Observed {
  /** Where it listens; in words where it does not. */
  readonly address: string;
  /** To be called by each turn of the process's loop: a loop that stands still is not alive. */
  turn(): void;
  /** A line in the log of the process. */
  readonly warn: (text: string) => void;
  close(): Promise<void>;
}

/** Leader and worker in one process have metrics of their own, and one log. */
const logged = new WeakSet<Context>();

export async function observe(
  context: Context,
  role: 'leader' | 'worker',
  listen: { readonly host: string; readonly port: number },
): Promise<Observed> {
  const metrics = createMetrics({
    version: context.version,
    readState: stateReader(context.database),
    readQueue: async () => (await context.queue()).counts(),
    onRedis: /^rediss?:/i.test(context.settings.queueUrl ?? ''),
  });
  const log = createLog({ level: context.settings.logLevel });
  context.listen(metrics.listener);
  if (!logged.has(context)) context.listen(log.listener);
  logged.add(context);
  const health = createHealth({ ping: () => context.database.query('select 1') });
  const turn = () => {
    health.tick();
    if (role === 'leader') metrics.ticked();
  };
  const warn = (text: string) => log.write('warn', text);
  try {
    const server = await startObservability({ ...listen, metrics, health });
    return { address: server.address, turn, warn, close: () => server.close().finally(log.flush) };
  } catch (error) {
    if (!(error instanceof PortInUseError || error instanceof ListenError)) throw error;
    return { address: `nowhere: ${error.text.what}`, turn, warn, close: async () => log.flush() };
  }
}
