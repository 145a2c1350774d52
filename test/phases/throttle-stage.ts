/** A walk that goes on by itself, and what a signal does to it: seen in the ledger alone. */
import { afterEach, expect } from 'vitest';
import { emitter } from '#core/events';
import type { Hold } from '#core/throttle';
import { systemClock } from '#phases/backfill/clock';
import { planWalk } from '#phases/backfill/ranges';
import type { Signal } from '#phases/backfill/throttle/signal';
import { createThrottle } from '#phases/backfill/throttle/throttle';
import { walkRange } from '#phases/backfill/walk';
import type { PaceSettings, RunRow, ThrottleSettings } from '#ports';
import { until } from '../support/until.js';
import {
  openRanges,
  openWorkshop,
  startSynced,
  USERS,
  usersTable,
  type Workshop,
} from './backfill-workshop.js';

/** The views that signals read have changed since the oldest; on it are run those whose views have. */
export const NEWEST_AND_OLDEST = [18, 14] as const;

export interface Walking {
  readonly shop: Workshop;
  readonly run: RunRow;
  /** The hold of the signal, once it is recorded. */
  held(signal?: string): Promise<Hold>;
  /** Waits until batches were committed after this moment. */
  goesOn(): Promise<void>;
  /** Reads the signals two times more, and expects that no batch was committed meanwhile. */
  standsStill(): Promise<void>;
}

interface Running {
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
  readonly shop: Workshop;
}

/** After `useDatabase`, so that walks end before their database is dropped. */
export function useWalking(): typeof startWalking extends (first: Running[], ...rest: infer A) => infer R
  ? (...rest: A) => R
  : never {
  const running: Running[] = [];
  afterEach(async () => {
    for (const { stop, ended, shop } of running.splice(0)) {
      stop.abort();
      await ended.catch(() => undefined);
      await shop.close();
    }
  });
  return (...rest) => startWalking(running, ...rest);
}

/** Starts a slow walk of `users`, 4,000 rows a second, held by these signals alone. */
async function startWalking(
  running: Running[],
  url: string,
  signals: readonly Signal[],
  throttle: ThrottleSettings = {},
  over: Partial<PaceSettings> & { readonly rows?: number; readonly extra?: string } = {},
): Promise<Walking> {
  const { rows = 100_000, extra = '', ...pace } = over;
  const shop = await openWorkshop(url);
  const { database, deps } = shop;
  const stop = new AbortController();
  const looks = createThrottle({ database, clock: systemClock, emit: deps.emit, signals });
  const walkDeps = { ...deps, throttle: looks, emit: emitter([looks.hear, deps.emit]) };
  await usersTable(shop.app, rows, extra);
  const run = await startSynced(shop, USERS, {}, { targetMs: 20, rowsPerSecond: 4_000, throttle, ...pace });
  await planWalk(shop, run, 0, 1);
  const walk = async () => {
    while (!stop.signal.aborted) {
      const [rangeId] = await openRanges(database, run.id);
      if (rangeId === undefined) return;
      const outcome = await walkRange(walkDeps, { runId: run.id, rangeId }, stop.signal);
      if (outcome === 'stale') await systemClock.sleep(50, stop.signal);
    }
  };
  const ended = walk();
  // A failure is told by what waits for the walk.
  ended.catch(() => undefined);
  running.push({ stop, ended, shop });
  const walking = { shop, run, ...looksAt(shop, run) };
  await walking.goesOn();
  return walking;
}

function looksAt({ database, store }: Workshop, run: RunRow): Omit<Walking, 'shop' | 'run'> {
  const batches = async (): Promise<number> => {
    const rows = await database.query<{ n: number }>(
      'select count(*)::integer as n from bellows.batches where run_id = $1',
      [run.id],
    );
    return rows[0]?.n ?? 0;
  };
  const readAt = async (): Promise<string> => {
    const rows = await database.query<{ at: string }>(
      'select read_at::text as at from bellows.signals where run_id = $1',
      [run.id],
    );
    return rows[0]?.at ?? '';
  };
  const anotherReading = async () => {
    const before = await readAt();
    await until(async () => (await readAt()) !== before, { what: 'another reading of the signals' });
  };
  return {
    held: (signal) =>
      until(
        async () =>
          (await store.holds(run.id)).find((hold) => signal === undefined || hold.signal === signal),
        { what: `a hold by ${signal ?? 'any signal'}`, timeoutMs: 20_000 },
      ),
    goesOn: async () => {
      const before = await batches();
      await until(async () => (await batches()) > before, { what: 'another batch', timeoutMs: 20_000 });
    },
    standsStill: async () => {
      // The batch that was in flight when the hold was found may still commit.
      await anotherReading();
      const before = await batches();
      await anotherReading();
      await anotherReading();
      expect(await batches()).toBe(before);
    },
  };
}

/** The whole of what a signal is for: the state begins, no batch commits, it ends, and the walk goes on by itself. */
export async function expectHold(
  walking: Walking,
  { signal, text }: { readonly signal: string; readonly text: RegExp },
  release: () => Promise<unknown>,
): Promise<void> {
  const hold = await walking.held(signal);
  expect(hold.text).toMatch(text);
  expect(hold.text.startsWith(`${signal}: `)).toBe(true);
  expect(hold.release).not.toBe('');
  await walking.standsStill();
  await release();
  await walking.goesOn();
  const { shop, run } = walking;
  await until(async () => (await shop.store.holds(run.id)).every((one) => one.signal !== signal), {
    what: `no hold by ${signal}`,
  });
}
