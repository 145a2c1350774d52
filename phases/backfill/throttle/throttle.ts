/** Asks all signals, about once a second for each run, steers the pace by them, and says what holds it. */
import type { Emit, Listener, SignalRead } from '#core/events';
import type { Hold, Reading } from '#core/throttle';
import type { Database, PaceSettings } from '#ports';
import type { Clock } from '../clock.js';
import { paceOf } from '../pace-settings.js';
import { countFailures, type FailureCount } from './failures.js';
import { holdOf, type Seen } from './judge.js';
import { readableBefore, recordHolds, recordReadings } from './record.js';
import type { Signal, SignalId, ThrottledRun } from './signal.js';
import { signalsFor } from './signals.js';
import { type Steer, steerRun } from './steer-run.js';
import { type Watch, watchRun } from './watch.js';

export interface Throttle {
  /**
   * What holds the pace now; empty: go on. Never throws: what cannot be read holds.
   *
   * @param settings as the newest batch brought them: limits that have changed since the last look are applied at once
   */
  check(run: ThrottledRun, settings?: PaceSettings): Promise<readonly Hold[]>;
  /** The newest readings; empty before the first check. */
  readings(runId: number): ReadonlyMap<SignalId, Reading>;
  /** Has to be told how batches end. */
  readonly hear: Listener;
}

export interface ThrottleOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Default: those that are on by the run's settings. */
  readonly signals?: readonly Signal[];
}

const EVERY_MS = 1_000;
/** Before the first round it is not even known which signals are on. */
const UNREAD: Seen = { id: 'stale', at: null, reading: null };

interface Look {
  readonly run: ThrottledRun;
  watch: Watch | null;
  /** The signals were all asked once. */
  begun: boolean;
  readonly steer: Steer;
  /** Of the walker's clock: when the newest round began. */
  at: number | null;
  /** The limits that it was made with, as text. */
  limits: string;
  holds: readonly Hold[];
  running: Promise<void> | null;
}

export function createThrottle(options: ThrottleOptions): Throttle {
  const { clock } = options;
  const looks = new Map<number, Look>();
  const again = (migration: string) => {
    for (const look of looks.values()) if (look.run.migration === migration) look.at = null;
  };
  const failures = countFailures(clock.now, again);
  return {
    hear: failures.hear,
    check: async (run, settings) => {
      const look = looks.get(run.id) ?? newLook(run);
      looks.set(run.id, look);
      const changed = settings !== undefined && limitsOf(settings) !== look.limits;
      const due = look.at === null || changed || clock.now() - look.at >= EVERY_MS;
      if (look.running === null && due) start(options, failures, look);
      // A signal that does not answer must not hold up a shutdown: the last answer counts until it is too old.
      if (look.running !== null) await atMost(clock, look.running);
      return tellHolds(options, look);
    },
    readings: (runId) => looks.get(runId)?.watch?.readings() ?? new Map(),
  };
}

async function atMost(clock: Clock, running: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([running, clock.sleep(EVERY_MS, over.signal)]);
  over.abort();
}

function newLook(run: ThrottledRun): Look {
  return {
    run,
    watch: null,
    begun: false,
    steer: steerRun(),
    at: null,
    limits: '',
    holds: [],
    running: null,
  };
}

function limitsOf({ throttle = {} }: PaceSettings): string {
  return JSON.stringify(throttle);
}

function start(options: ThrottleOptions, failures: FailureCount, look: Look): void {
  look.at = options.clock.now();
  look.running = round(options, failures, look)
    // Nothing could be read: what was read before grows too old by itself.
    .catch(() => undefined)
    .finally(() => {
      look.running = null;
    });
}

const PACE = `
select pace, (extract(epoch from clock_timestamp()) * 1000)::float8 as now
from bellows.runs
where id = $1`;

async function round(options: ThrottleOptions, failures: FailureCount, look: Look): Promise<void> {
  const { database, clock, emit } = options;
  const { run } = look;
  const watch =
    look.watch ??
    watchRun(
      { database, clock, failures: failures.of },
      run,
      new Set(await readableBefore(database, run.id)),
    );
  look.watch = watch;
  const [row] = await database.query<{ pace: unknown; now: number }>(PACE, [run.id]);
  const settings = paceOf(row?.pace);
  look.limits = limitsOf(settings);
  await watch.round(settings.throttle, options.signals ?? signalsFor(settings.throttle));
  look.begun = true;
  emit('throttle:read', { migration: run.migration, signals: [...watch.readings()].map(signalRead) });
  tellHolds(options, look);
  // The records are for the operator's eyes; the pace is held without them too.
  await record(database, look, watch).catch(() => undefined);
  await look.steer(database, run.id, settings, watch.readings(), row?.now ?? null);
}

function signalRead([signal, { value, verdict }]: readonly [SignalId, Reading]): SignalRead {
  return { signal, readable: value !== null || verdict !== 'stop' };
}

async function record(database: Database, { run, holds }: Look, watch: Watch): Promise<void> {
  await recordHolds(database, run.id, holds);
  await recordReadings(database, run.id, watch.readings());
}

/** The holds as they are now; those that began or ended since the last look are told. */
function tellHolds({ clock, emit }: ThrottleOptions, look: Look): readonly Hold[] {
  const before = look.holds;
  look.holds = holdsNow(look, clock.now());
  const { migration } = look.run;
  for (const hold of look.holds) {
    if (!before.some(({ signal }) => signal === hold.signal)) emit('throttle:on', { migration, hold });
  }
  for (const { signal, since } of before) {
    const seconds = (Date.now() - Date.parse(since)) / 1_000;
    if (!look.holds.some((hold) => hold.signal === signal))
      emit('throttle:off', { migration, signal, seconds });
  }
  return look.holds;
}

function holdsNow({ watch, begun, holds }: Look, now: number): readonly Hold[] {
  const seen = begun && watch !== null ? watch.seen() : [UNREAD];
  const found = seen.flatMap((one) => holdOf(one, now) ?? []);
  const since = (signal: SignalId) =>
    holds.find((hold) => hold.signal === signal)?.since ?? new Date().toISOString();
  return found.map((hold) => ({ ...hold, since: since(hold.signal) }));
}
