import type { Database } from '#ports';
import { measured, short } from './reading.js';
import { defineSignal } from './signal.js';

/** Of five readings: a single slow flush is no news. */
const WEIGHT = 1 / 3;

interface Probe {
  readonly since: number;
  readonly done: Promise<void>;
}

/**
 * How long the commit of one row takes, on a table of our own. A commit that hangs, as with a synchronous standby that does
 * not answer, is as old as it is: it is not begun a second time.
 */
export const commitLatency = defineSignal({
  id: 'commit_latency',
  defaultOn: false,
  apart: true,
  limits: { slowMilliseconds: 50, milliseconds: 200 },
  open: () => {
    let smooth: number | null = null;
    let probe: Probe | null = null;
    return async ({ database, limits }) => {
      probe ??= begin(database);
      const { since } = probe;
      const settled = await settledWithin(probe, limits.milliseconds).catch((error: unknown) => {
        probe = null;
        throw error;
      });
      if (settled) probe = null;
      const took = performance.now() - since;
      smooth = smooth === null ? took : smooth + WEIGHT * (took - smooth);
      // What hangs now stops now.
      const value = settled ? smooth : Math.max(smooth, took);
      return measured({
        value,
        slow: limits.slowMilliseconds,
        limit: limits.milliseconds,
        text: `a commit takes ${short(value)} ms (limit ${short(limits.milliseconds)} ms)`,
        release: `commits take less than ${short(limits.milliseconds)} ms`,
      });
    };
  },
});

function begin(database: Database): Probe {
  const since = performance.now();
  const done = database
    .query(
      `insert into bellows.heartbeat (id, at)
      values (1, clock_timestamp())
      on conflict (id) do update
      set at = excluded.at`,
    )
    .then(() => undefined);
  // The reading that finds it settled reports the failure.
  done.catch(() => undefined);
  return { since, done };
}

async function settledWithin({ done }: Probe, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  return Promise.race([done.then(() => true), late]).finally(() => clearTimeout(timer));
}
