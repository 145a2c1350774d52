/** Asks all signals, at most once a second for each run, and says what holds the pace. */
import type { Emit, SignalRead } from '#core/events';
import { safeMessage } from '#core/sqlstate';
import { type Hold, type Reading, STALE_SECONDS } from '#core/throttle';
import type { Database } from '#ports';
import type { Clock } from '../clock.js';
import { recordHolds } from './record.js';
import type { Signal, SignalId } from './signal.js';
import { SIGNALS } from './signals.js';

export interface ThrottledRun {
  readonly id: number;
  readonly migration: string;
}

export interface Throttle {
  /** What holds the pace now; empty: go on. Never throws: what cannot be read holds. */
  check(run: ThrottledRun): Promise<readonly Hold[]>;
  /** The newest readings, for status and metrics; empty before the first check. */
  readings(runId: number): ReadonlyMap<SignalId, Reading>;
}

export interface ThrottleOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Default: all signals that are on by default. */
  readonly signals?: readonly Signal[];
  /** Limits by signal id, over the signals' own defaults. */
  readonly limits?: Readonly<Record<SignalId, number>>;
}

const EVERY_MS = 1_000;
const STALE: SignalId = 'stale';

interface Watch {
  /** Of the walker's clock: when the newest complete evaluation ended. */
  at: number;
  holds: readonly Hold[];
  readings: ReadonlyMap<SignalId, Reading>;
  running: Promise<void> | null;
}

export function createThrottle(options: ThrottleOptions): Throttle {
  const watches = new Map<number, Watch>();
  return {
    check: async (run) => {
      const { clock } = options;
      const watch = watches.get(run.id) ?? newWatch();
      watches.set(run.id, watch);
      if (watch.running === null && (watch.at < 0 || clock.now() - watch.at >= EVERY_MS))
        start(options, run, watch);
      // A signal that does not answer must not hold up a shutdown: the last answer counts until it is too old.
      if (watch.running !== null) await atMost(clock, watch.running);
      return fresh(watch, clock.now()) ? watch.holds : [staleHold(watch, clock.now())];
    },
    readings: (runId) => watches.get(runId)?.readings ?? new Map(),
  };
}

async function atMost(clock: Clock, running: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([running, clock.sleep(EVERY_MS, over.signal)]);
  over.abort();
}

function newWatch(): Watch {
  return { at: -1, holds: [], readings: new Map(), running: null };
}

function start(options: ThrottleOptions, run: ThrottledRun, watch: Watch): void {
  watch.running = evaluate(options, run, watch).finally(() => {
    watch.running = null;
  });
}

async function evaluate(options: ThrottleOptions, run: ThrottledRun, watch: Watch): Promise<void> {
  const signals = options.signals ?? SIGNALS.filter((signal) => signal.defaultOn);
  const entries = await Promise.all(
    signals.map(async (signal) => [signal.id, await read(options, signal, run.id)] as const),
  );
  const holds = entries.flatMap(([id, reading]) =>
    reading.verdict === 'stop' ? [toHold(id, reading, watch)] : [],
  );
  options.emit('throttle:read', { migration: run.migration, signals: entries.map(signalRead) });
  tell(options.emit, run, watch.holds, holds);
  watch.at = options.clock.now();
  watch.holds = holds;
  watch.readings = new Map(entries);
  // The record is for the operator's eyes; the pace is held without it too.
  await recordHolds(options.database, run.id, holds).catch(() => undefined);
}

function signalRead([signal, { value, verdict, utilisation }]: readonly [SignalId, Reading]): SignalRead {
  return { signal, utilisation, readable: value !== null || verdict !== 'stop' };
}

async function read({ database, limits }: ThrottleOptions, signal: Signal, runId: number): Promise<Reading> {
  try {
    return await signal.read({ database, runId, limit: limits?.[signal.id] ?? null });
  } catch (error) {
    return {
      value: null,
      limit: 0,
      verdict: 'stop',
      utilisation: null,
      text: `cannot be read: ${safeMessage(error)}`,
      release: 'it can be read again',
    };
  }
}

function toHold(signal: SignalId, { value, limit, text, release }: Reading, watch: Watch): Hold {
  const since = watch.holds.find((hold) => hold.signal === signal)?.since ?? new Date().toISOString();
  return { signal, value, limit, text, release, since };
}

function fresh(watch: Watch, now: number): boolean {
  return watch.at >= 0 && now - watch.at <= STALE_SECONDS * 1_000;
}

function staleHold(watch: Watch, now: number): Hold {
  const age = watch.at < 0 ? null : Math.round((now - watch.at) / 1_000);
  return {
    signal: STALE,
    value: age,
    limit: STALE_SECONDS,
    text: age === null ? 'the signals were not read yet' : `the newest reading is ${age} s old`,
    release: 'the signals answer again',
    since: new Date().toISOString(),
  };
}

function tell(emit: Emit, run: ThrottledRun, before: readonly Hold[], now: readonly Hold[]): void {
  const ids = (holds: readonly Hold[]) => new Set(holds.map((hold) => hold.signal));
  for (const hold of now) {
    if (!ids(before).has(hold.signal)) emit('throttle:on', { migration: run.migration, hold });
  }
  for (const { signal, since } of before) {
    const seconds = (Date.now() - Date.parse(since)) / 1_000;
    if (!ids(now).has(signal)) emit('throttle:off', { migration: run.migration, signal, seconds });
  }
}
