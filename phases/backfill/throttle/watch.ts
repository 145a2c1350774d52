/** The signals of one run as one process watches them: each is read about once a second, and has an age of its own. */
import type { Reading } from '#core/throttle';
import type { Database, ThrottleSettings } from '#ports';
import type { Clock } from '../clock.js';
import { judged, readingOfFailure, type Seen } from './judge.js';
import type { Failures, ReadSignal, Signal, SignalContext, SignalId, ThrottledRun } from './signal.js';

interface Watched {
  readonly signal: Signal;
  readonly read: ReadSignal;
  at: number | null;
  reading: Reading | null;
  running: Promise<void> | null;
}

export interface WatchDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly failures: (migration: string) => Failures;
}

export interface Watch {
  /** Reads what is on by these settings. Resolves when those that only ask the server are read. */
  round(settings: ThrottleSettings, signals: readonly Signal[]): Promise<void>;
  seen(): readonly Seen[];
  readings(): ReadonlyMap<SignalId, Reading>;
}

/** @param readable the signals that were readable before this process began to watch */
export function watchRun(deps: WatchDeps, run: ThrottledRun, readable: Set<SignalId>): Watch {
  let watched: readonly Watched[] = [];
  const read = async (one: Watched, settings: ThrottleSettings): Promise<void> => {
    const given = settings[one.signal.id];
    const declared = given === undefined || given === false ? null : given;
    const context: SignalContext = {
      database: deps.database,
      run,
      limits: {},
      declared: declared ?? {},
      now: deps.clock.now(),
      failures: deps.failures(run.migration),
    };
    const reading = await one.read(context).catch(readingOfFailure);
    const known = { declared: declared !== null, wasReadable: readable.has(one.signal.id) };
    if (reading.utilisation !== null) readable.add(one.signal.id);
    one.reading = judged(one.signal, reading, known);
    one.at = deps.clock.now();
  };
  return {
    round: async (settings, signals) => {
      watched = signals.map((signal) => watched.find((w) => w.signal.id === signal.id) ?? begin(signal));
      for (const one of watched.filter((w) => w.signal.apart && w.running === null)) {
        one.running = read(one, settings).finally(() => {
          one.running = null;
        });
      }
      // One after the other: they are quick, and a connection for each would be taken from the batches.
      for (const one of watched.filter((w) => !w.signal.apart)) await read(one, settings);
      // What was never read holds, so its first reading is waited for; each of them has a time limit of its own.
      await Promise.all(watched.filter(({ at }) => at === null).map(({ running }) => running));
    },
    seen: () => watched.map(({ signal, at, reading }) => ({ id: signal.id, at, reading })),
    readings: () =>
      new Map(
        watched.flatMap(({ signal, reading }) => (reading === null ? [] : [[signal.id, reading] as const])),
      ),
  };
}

function begin(signal: Signal): Watched {
  return { signal, read: signal.open(), at: null, reading: null, running: null };
}
