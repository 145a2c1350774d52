/** A worker in a process of its own, as in production: takes jobs until it is told to stop, then says how large it was. */
import { readFile } from 'node:fs/promises';
import { createBellows } from '#main';
import { bellowsOptions } from './project.js';

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'finished' }
  | { readonly kind: 'size'; readonly largestMb: number; readonly lastMb: number };

const SAMPLE_MS = 100;

function tell(message: FromWorker): void {
  process.send?.(message);
}

/** The kernel's high-water mark of this program, which no sample misses. Linux only; elsewhere 0. */
async function highWaterMb(): Promise<number> {
  const text = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1_024;
}

async function run([folder = '', databaseUrl = '', slots = '1']: readonly string[]): Promise<void> {
  const stop = new AbortController();
  process.on('message', () => stop.abort());
  process.on('SIGINT', () => stop.abort());
  process.on('disconnect', () => process.exit(0));
  let largestMb = 0;
  const look = () => {
    largestMb = Math.max(largestMb, process.memoryUsage().rss / 1_048_576);
  };
  const looking = setInterval(look, SAMPLE_MS);
  const bellows = await createBellows({
    ...bellowsOptions(folder, databaseUrl),
    listeners: [(name) => name === 'job:finished' && tell({ kind: 'finished' })],
  });
  await bellows.worker({ signal: stop.signal, slots: Number(slots), onReady: () => tell({ kind: 'ready' }) });
  look();
  clearInterval(looking);
  const lastMb = process.memoryUsage().rss / 1_048_576;
  tell({ kind: 'size', largestMb: Math.max(largestMb, await highWaterMb()), lastMb });
  await bellows.close();
  process.disconnect();
}

await run(process.argv.slice(2));
