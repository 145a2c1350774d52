/** The only file that knows the metrics library. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Listener } from '#core/events';
import { boundedReading } from './bounded-reading.js';
import { METRIC_NAMES, type MetricName, specOf } from './catalogue.js';
import { react, zeroMigration, zeroProcess } from './from-events.js';
import { type QueueCounts, showQueue, showState } from './from-state.js';
import type { Instruments } from './instruments.js';
import { lineOf } from './lines.js';
import type { StateForMetrics } from './readings.js';

export interface MetricsOptions {
  /** Of Bellows. */
  readonly version: string;
  /** See `stateReader`. Asked by scrapes, at most every 5 s, and never again before the last answer has come. */
  readonly readState: () => Promise<StateForMetrics>;
  /** `JobQueue.counts`. Without it there is no `bellows_queue_jobs`. */
  readonly readQueue?: () => Promise<QueueCounts>;
  /** Whether that queue is on Redis: then there is a `bellows_redis_up`. Default: false. */
  readonly onRedis?: boolean;
  /** How long a scrape waits for a reading, in milliseconds. Default: 2,000. */
  readonly timeoutMs?: number;
  /** How long a reading is shown again, in milliseconds. Default: 5,000. */
  readonly freshMs?: number;
  /** Milliseconds of a clock that only goes forward. Default: `performance.now`. */
  readonly now?: () => number;
  /** Seconds since 1970. Default: the clock of this host. */
  readonly unixSeconds?: () => number;
}

export interface Metrics {
  readonly listener: Listener;
  /** To be called by each turn of a scheduler's loop. */
  readonly ticked: () => void;
  /** The exposition text. Never waits longer than `timeoutMs`, never rejects because of PostgreSQL or the queue. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** One for each process: a registry of its own, so that an application which embeds Bellows keeps its metrics apart. */
export function createMetrics({
  version,
  readState,
  readQueue,
  onRedis = false,
  timeoutMs = 2_000,
  freshMs = 5_000,
  now = () => performance.now(),
  unixSeconds = () => Date.now() / 1_000,
}: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { instruments, forget } = createInstruments(registry);
  const known = knownMigrations(instruments, now, forget);
  const limits = { timeoutMs, freshMs, now };
  const state = boundedReading({ ...limits, read: readState, onRead: reporter(instruments, 'postgres') });
  const queue = boundedReading({
    ...limits,
    read: readQueue ?? (async () => null),
    onRead: readQueue === undefined ? () => undefined : reporter(instruments, 'queue'),
  });
  zeroProcess(instruments);
  instruments.set('bellows_build_info', { version, node_version: process.version }, 1);

  const listener: Listener = (name, payload) => {
    if ('migration' in payload) known.heard(payload.migration);
    instruments.inc('bellows_log_messages_total', { level: lineOf(name, payload).level });
    react(instruments, name, payload, unixSeconds());
  };
  const text = async (): Promise<string> => {
    const [read, counts] = await Promise.all([state(), queue()]);
    showState(instruments, read);
    showQueue(instruments, counts);
    if (onRedis) instruments.set('bellows_redis_up', {}, Number(counts !== null));
    if (read !== null) await known.keep(read.migrations.map(({ migration }) => migration));
    return registry.metrics();
  };
  const ticked = (): void =>
    instruments.set('bellows_scheduler_last_tick_timestamp_seconds', {}, unixSeconds());
  return { listener, ticked, text, contentType: registry.contentType };
}

function reporter(to: Instruments, collector: 'postgres' | 'queue'): (seconds: number, ok: boolean) => void {
  return (seconds, ok) => {
    to.set('bellows_collector_duration_seconds', { collector }, seconds);
    if (!ok) to.inc('bellows_collector_errors_total', { collector });
  };
}

/** An event may come before the reading that shows its migration; for that long it is kept anyway. */
const GRACE_MS = 60_000;

/** Series of migrations that ended long ago go, when PostgreSQL no longer names them. */
function knownMigrations(to: Instruments, now: () => number, forget: (migration: string) => Promise<void>) {
  const seen = new Map<string, number>();
  const heard = (migration: string): void => {
    if (!seen.has(migration)) zeroMigration(to, migration);
    seen.set(migration, now());
  };
  const keep = async (named: readonly string[]): Promise<void> => {
    for (const migration of named) heard(migration);
    for (const [migration, at] of seen) {
      if (now() - at < GRACE_MS) continue;
      seen.delete(migration);
      await forget(migration);
    }
  };
  return { heard, keep };
}

type Made = Counter | Gauge | Histogram;

function make(name: MetricName, registry: Registry): Made {
  const { help, labels, ...spec } = specOf(name);
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  if (spec.type === 'histogram') return new Histogram({ ...common, buckets: [...spec.buckets] });
  return spec.type === 'counter' ? new Counter(common) : new Gauge(common);
}

function createInstruments(registry: Registry): {
  readonly instruments: Instruments;
  forget(migration: string): Promise<void>;
} {
  const made = new Map<MetricName, Made>(METRIC_NAMES.map((name) => [name, make(name, registry)]));
  const as = <M extends Made>(name: MetricName, kind: new (...args: never[]) => M): M => {
    const metric = made.get(name);
    if (!(metric instanceof kind)) throw new TypeError(`${name} is not a ${kind.name}`);
    return metric;
  };
  const clear = (name: MetricName): void => {
    const metric = made.get(name);
    metric?.reset();
    // The library sets a series without labels to 0: but what is not known must not look like 0.
    if (specOf(name).labels.length === 0) metric?.remove({});
  };
  for (const name of METRIC_NAMES) if (specOf(name).type !== 'histogram') clear(name);
  const instruments: Instruments = {
    inc: (name, labels, by = 1) => as(name, Counter).inc(labels, by),
    set: (name, labels, value) => as(name, Gauge).set(labels, value),
    observe: (name, labels, value) => as(name, Histogram).observe(labels, value),
    zero: (name, labels) => as(name, Histogram).zero(labels),
    clear,
  };
  const forget = async (migration: string): Promise<void> => {
    for (const metric of made.values()) await forgetSeries(metric, migration);
  };
  return { instruments, forget };
}

async function forgetSeries(metric: Made, migration: string): Promise<void> {
  const { values } = await metric.get();
  for (const { labels } of values) {
    if (!('migration' in labels) || labels.migration !== migration) continue;
    // A bucket's own label, which names no series to remove.
    const series = Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'le'));
    metric.remove(series);
  }
}
