import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, METRIC_NAMES, specOf } from '#observe/catalogue';
import { errorClass, reasonOf } from '#observe/labels';
import { createMetrics, type Metrics } from '#observe/metrics';
import type { BackfillReading, MigrationReading, StateForMetrics } from '#observe/readings';
import { parseExposition } from './exposition.js';

const NOBODY: StateForMetrics = {
  migrations: [],
  workers: { live: 0, stale: 0 },
  server: { walBytes: 1, oldestTransactionSeconds: 0, replicas: [] },
  plain: [],
  audit: new Map(),
  epoch: 1,
  oldestWait: 0,
};
const reading = (migration: string): MigrationReading => ({
  migration,
  checksum: 'abcdef0123',
  tables: ['users'],
  state: { kind: 'backfilling', since: '2026-01-01T00:00:00Z', again: null },
  phases: {},
  backfill: null,
  gate: null,
  steps: [],
  verification: null,
  decisions: { approved: 0, skipped: 0 },
  onTables: null,
  trigger: null,
});
const walking: BackfillReading = {
  rowsDone: 120,
  rowsExpected: 100,
  progress: 0.9,
  etaSeconds: null,
  lastCommit: null,
  concurrency: 1,
  ceiling: 1,
  rowsPerSecond: null,
  targetSeconds: 0.1,
  batchRows: null,
  inFlight: 1,
  quarantined: 0,
  holds: [],
  throttled: [],
  vacuum: { vacuums: 0, seconds: 0 },
  signals: [],
};

const ATTEMPT = {
  step: 'expand/1',
  outcome: 'ok',
  lockWaitSeconds: null,
  lockHeldSeconds: null,
  blockers: [],
  queued: 0,
} as const;
const COUNTS = { waiting: 4, active: 1, delayed: 0, failed: 2 };

class Bench {
  seconds = 1_000;
  state: StateForMetrics = NOBODY;
  readonly metrics: Metrics;
  constructor(
    readQueue?: () => Promise<Readonly<Record<'waiting' | 'active' | 'delayed' | 'failed', number>>>,
    onRedis = false,
  ) {
    this.metrics = createMetrics({
      version: '1.2.3',
      readState: async () => this.state,
      ...(readQueue === undefined ? {} : { readQueue }),
      onRedis,
      timeoutMs: 200,
      now: () => this.seconds * 1_000,
      unixSeconds: () => this.seconds,
    });
  }
  get listener() {
    return this.metrics.listener;
  }
  async scrape() {
    return parseExposition(await this.metrics.text());
  }
}

describe('events', () => {
  it('of batches count rows, outcomes and durations', async () => {
    const bench = new Bench();
    bench.listener('batch:committed', { migration: 'a', rows: 400, blocks: 5, seconds: 0.08 });
    bench.listener('batch:committed', { migration: 'a', rows: 600, blocks: 5, seconds: 0.3 });
    bench.listener('batch:failed', { migration: 'a', outcome: 'split', sqlstate: '57014' });
    bench.listener('batch:stage', { migration: 'a', stage: 'transform', seconds: 0.7 });
    bench.listener('rows:quarantined', { migration: 'a', rows: 2, sqlstate: '22P02' });
    const seen = await bench.scrape();
    const of = { migration: 'a' };
    expect(seen.one('bellows_backfill_rows_total', { ...of, outcome: 'updated' })).toBe(1_000);
    expect(seen.one('bellows_backfill_rows_total', { ...of, outcome: 'quarantined' })).toBe(2);
    expect(seen.one('bellows_backfill_batches_total', { ...of, outcome: 'committed' })).toBe(2);
    expect(seen.one('bellows_backfill_batches_total', { ...of, outcome: 'split' })).toBe(1);
    expect(seen.one('bellows_backfill_batches_total', { ...of, outcome: 'fenced' })).toBe(0);
    expect(seen.one('bellows_backfill_batch_duration_seconds_bucket', { ...of, le: '0.1' })).toBe(1);
    expect(seen.one('bellows_backfill_batch_duration_seconds_bucket', { ...of, le: '0.5' })).toBe(2);
    expect(seen.one('bellows_backfill_batch_rows_sum', of)).toBe(1_000);
    const stage = (name: string) =>
      seen.one('bellows_backfill_batch_stage_duration_seconds_sum', { stage: name });
    expect(['read', 'transform', 'write'].map(stage)).toEqual([0, 0.7, 0]);
  });

  it('of DDL count attempts, and the waits that got the lock apart from those that did not', async () => {
    const bench = new Bench();
    const step = { migration: 'a', step: 'expand/1', blockers: [], queued: 0 };
    bench.listener('step:started', { migration: 'a', step: 'expand/1', title: 'add column' });
    bench.listener('step:attempt', {
      ...step,
      outcome: 'lock_timeout',
      lockWaitSeconds: 0.5,
      lockHeldSeconds: null,
    });
    bench.listener('step:attempt', { ...step, outcome: 'ok', lockWaitSeconds: 0.01, lockHeldSeconds: 0.02 });
    bench.listener('step:attempt', {
      ...step,
      outcome: 'error',
      lockWaitSeconds: null,
      lockHeldSeconds: null,
    });
    const seen = await bench.scrape();
    const attempts = (outcome: string) =>
      seen.one('bellows_ddl_attempts_total', { step: 'expand/1', outcome });
    expect(['ok', 'lock_timeout', 'error', 'deadlock'].map(attempts)).toEqual([1, 1, 1, 0]);
    expect(seen.one('bellows_ddl_lock_wait_seconds_count', { outcome: 'timeout' })).toBe(1);
    expect(seen.one('bellows_ddl_lock_wait_seconds_sum', { outcome: 'acquired' })).toBe(0.01);
    expect(seen.one('bellows_ddl_lock_held_seconds_sum')).toBe(0.02);
  });

  it('of the process count transitions, errors, leadership, waits and lines', async () => {
    const bench = new Bench();
    const { listener } = bench;
    listener('run:transition', {
      migration: 'a',
      from: 'expanding',
      to: 'backfilling',
      event: 'expanded',
      actor: 'x',
    });
    listener('postgres:error', { operation: 'batch', sqlstate: '40P01' });
    listener('postgres:error', { operation: 'batch', sqlstate: 'XX000' });
    listener('leader:changed', { leading: true, epoch: 7 });
    listener('job:started', { migration: 'a', waitSeconds: 0.2 });
    let seen = await bench.scrape();
    expect(seen.one('bellows_migration_transitions_total', { migration: 'a', to: 'backfilling' })).toBe(1);
    expect(seen.one('bellows_migration_transitions_total', { migration: 'a', to: 'done' })).toBe(0);
    expect(seen.one('bellows_postgres_errors_total', { operation: 'batch', class: 'deadlock' })).toBe(1);
    expect(seen.one('bellows_postgres_errors_total', { operation: 'batch', class: 'other' })).toBe(1);
    expect(seen.one('bellows_scheduler_leader')).toBe(1);
    expect(seen.one('bellows_queue_wait_seconds_sum')).toBe(0.2);
    expect(seen.one('bellows_log_messages_total', { level: 'warn' })).toBe(2);
    expect(seen.one('bellows_log_messages_total', { level: 'info' })).toBe(2);
    listener('leader:changed', { leading: false, epoch: 7 });
    seen = await bench.scrape();
    expect(seen.one('bellows_scheduler_leader')).toBe(0);
  });

  it('of signals count what could not be read', async () => {
    const bench = new Bench();
    const signals = [
      { signal: 'query:wal', readable: false },
      { signal: 'lock_waiters', readable: true },
    ];
    bench.listener('throttle:read', { migration: 'a', signals });
    const failed = (await bench.scrape()).samples.filter(
      ({ name, value }) => name === 'bellows_throttle_check_failures_total' && value > 0,
    );
    expect(failed.map(({ labels, value }) => [labels.reason, value])).toEqual([['query', 1]]);
  });

  it('of a worker show its slots and when it last got on; a scheduler shows its turns', async () => {
    const bench = new Bench();
    let seen = await bench.scrape();
    expect(seen.all('bellows_worker_slots')).toEqual([]);
    expect(seen.all('bellows_worker_last_progress_timestamp_seconds')).toEqual([]);
    expect(seen.all('bellows_scheduler_last_tick_timestamp_seconds')).toEqual([]);
    bench.listener('worker:slots', { slots: 4, used: 1 });
    bench.seconds += 7;
    bench.listener('batch:committed', { migration: 'a', rows: 1, blocks: 1, seconds: 0.1 });
    bench.metrics.ticked();
    bench.seconds += 50;
    seen = await bench.scrape();
    expect([seen.one('bellows_worker_slots'), seen.one('bellows_worker_slots_used')]).toEqual([4, 1]);
    expect(seen.one('bellows_worker_last_progress_timestamp_seconds')).toBe(1_007);
    expect(seen.one('bellows_scheduler_last_tick_timestamp_seconds')).toBe(1_007);
  });

  it('of jobs that come again count them by their cause', async () => {
    const bench = new Bench();
    bench.listener('job:redelivered', { cause: 'stalled' });
    bench.listener('job:redelivered', { cause: 'reconciled' });
    bench.listener('job:finished', { migration: 'a', outcome: 'stale' });
    bench.listener('job:finished', { migration: 'a', outcome: 'done' });
    const seen = await bench.scrape();
    const of = (cause: string) => seen.one('bellows_queue_redeliveries_total', { cause });
    expect(['stalled', 'reconciled', 'stale'].map(of)).toEqual([1, 1, 1]);
  });
});

describe('what PostgreSQL keeps', () => {
  it('is added up by reason, never doubled by a scrape, and gone when it cannot be read', async () => {
    const bench = new Bench();
    const throttled = [
      { signal: 'query:wal', seconds: 30, events: 2 },
      { signal: 'query:disk', seconds: 12, events: 1 },
    ];
    bench.state = {
      ...NOBODY,
      migrations: [{ ...reading('a'), backfill: { ...walking, throttled } }],
      audit: new Map([['approve', 3]]),
      server: {
        walBytes: 5_000,
        oldestTransactionSeconds: 9,
        replicas: [{ replica: 'r', seconds: 2, bytes: 70 }],
      },
    };
    for (let scrape = 0; scrape < 3; scrape += 1) {
      bench.seconds += 10;
      const seen = await bench.scrape();
      const query = { migration: 'a', reason: 'query' };
      expect(seen.one('bellows_throttle_seconds_total', query)).toBe(42);
      expect(seen.one('bellows_throttle_events_total', query)).toBe(3);
      expect(seen.one('bellows_backfill_rows_remaining', { migration: 'a' })).toBe(0);
      expect(seen.one('bellows_audit_events_total', { action: 'approve' })).toBe(3);
      expect(seen.one('bellows_postgres_wal_bytes_total')).toBe(5_000);
      expect(seen.one('bellows_postgres_replication_lag_bytes', { replica: 'r' })).toBe(70);
    }
    bench.state = { ...bench.state, server: { ...NOBODY.server, walBytes: null } };
    bench.seconds += 10;
    expect((await bench.scrape()).all('bellows_postgres_wal_bytes_total')).toEqual([]);
  });
});

describe('series', () => {
  it('are there at 0 before anything happened, for the process and for each migration', async () => {
    const bench = new Bench();
    bench.state = { ...NOBODY, migrations: [reading('quiet')] };
    const seen = await bench.scrape();
    expect(seen.one('bellows_backfill_rows_total', { migration: 'quiet', outcome: 'updated' })).toBe(0);
    expect(seen.one('bellows_backfill_batch_duration_seconds_count', { migration: 'quiet' })).toBe(0);
    expect(seen.all('bellows_queue_redeliveries_total')).toEqual([0, 0, 0]);
    expect(seen.one('bellows_postgres_errors_total', { operation: 'ddl', class: 'disk_full' })).toBe(0);
    expect(seen.one('bellows_ddl_lock_wait_seconds_count', { outcome: 'timeout' })).toBe(0);
    expect(seen.one('bellows_build_info', { version: '1.2.3', node_version: process.version })).toBe(1);
  });

  it('of a migration that PostgreSQL no longer names go, those of the others stay', async () => {
    const bench = new Bench();
    for (const migration of ['old', 'new']) {
      bench.listener('batch:committed', { migration, rows: 1, blocks: 1, seconds: 0.1 });
      bench.listener('step:started', { migration, step: 'expand/1', title: 't' });
      bench.listener('step:attempt', { ...ATTEMPT, migration });
    }
    const names = async () => {
      const seen = await bench.scrape();
      return [...new Set(seen.samples.flatMap((s) => s.labels.migration ?? []))].sort();
    };
    // Just heard of: the reading may be older than the event.
    expect(await names()).toEqual(['new', 'old']);
    bench.state = { ...NOBODY, migrations: [reading('new')] };
    bench.seconds += 120;
    expect(await names()).toEqual(['new']);
    bench.seconds += 120;
    expect(await names()).toEqual(['new']);
    expect(
      (await bench.scrape()).one('bellows_backfill_rows_total', { migration: 'new', outcome: 'updated' }),
    ).toBe(1);
  });

  it('stay as they are while PostgreSQL cannot be read', async () => {
    const metrics = createMetrics({ version: '1', readState: () => Promise.reject(new Error('down')) });
    metrics.listener('batch:committed', { migration: 'a', rows: 3, blocks: 1, seconds: 0.1 });
    const seen = parseExposition(await metrics.text());
    expect(seen.one('bellows_postgres_up')).toBe(0);
    expect(seen.one('bellows_backfill_rows_total', { migration: 'a', outcome: 'updated' })).toBe(3);
  });

  it('of two processes in one do not meet', async () => {
    const [one, two] = [new Bench(), new Bench()];
    one.listener('batch:committed', { migration: 'a', rows: 3, blocks: 1, seconds: 0.1 });
    expect((await two.scrape()).all('bellows_backfill_rows_total', { migration: 'a' })).toEqual([]);
  });
});

describe('reading', () => {
  it('is done at most every 5 seconds, and by one scrape at a time', async () => {
    let asked = 0;
    let seconds = 0;
    const readState = async () => {
      asked += 1;
      return NOBODY;
    };
    const metrics = createMetrics({ version: '1', readState, now: () => seconds * 1_000 });
    await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
    seconds = 4.9;
    await metrics.text();
    expect(asked).toBe(1);
    seconds = 5;
    await metrics.text();
    expect(asked).toBe(2);
  });

  it('of a queue that hangs takes away its jobs and nothing else', async () => {
    let hangs = false;
    const bench = new Bench(() => (hangs ? new Promise(() => undefined) : Promise.resolve(COUNTS)));
    expect((await bench.scrape()).one('bellows_queue_jobs', { state: 'waiting' })).toBe(4);
    hangs = true;
    bench.seconds += 60;
    const seen = await bench.scrape();
    expect(seen.all('bellows_queue_jobs')).toEqual([]);
    expect(seen.one('bellows_postgres_up')).toBe(1);
    expect(seen.one('bellows_collector_errors_total', { collector: 'queue' })).toBe(1);
    expect(seen.all('bellows_redis_up')).toEqual([]);
  });
});

it('of Redis says whether it answers', async () => {
  let counts: typeof COUNTS | null = COUNTS;
  const bench = new Bench(async () => counts ?? Promise.reject(new Error('away')), true);
  expect((await bench.scrape()).one('bellows_redis_up')).toBe(1);
  counts = null;
  bench.seconds += 60;
  expect((await bench.scrape()).one('bellows_redis_up')).toBe(0);
});

describe('the catalogue', () => {
  it('is what is served: every name, its type, and no label beyond', async () => {
    const bench = new Bench(async () => ({ waiting: 0, active: 0, delayed: 0, failed: 0 }));
    bench.state = { ...NOBODY, migrations: [reading('a')] };
    const seen = await bench.scrape();
    const own = [...seen.types].filter(([name]) => name.startsWith('bellows_'));
    expect(own).toEqual(METRIC_NAMES.map((name) => [name, specOf(name).type]));
    for (const { name, labels } of seen.samples.filter((s) => s.name.startsWith('bellows_'))) {
      const base = METRIC_NAMES.find((n) => n === name || n === name.replace(/_(bucket|sum|count)$/, ''))!;
      expect([...specOf(base).labels, 'le'], name).toEqual(expect.arrayContaining(Object.keys(labels)));
    }
  });

  it('names units, counters and timestamps as Prometheus asks', () => {
    for (const name of METRIC_NAMES) {
      const { type, unit, help } = specOf(name);
      const stem = name.replace(/_total$/, '');
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (['seconds', 'ratio', 'jobs', 'bytes', 'tuples', 'sessions'].includes(unit))
        expect(stem, name).toMatch(new RegExp(`_${unit}$`));
      if (unit === 'rows') expect(name, name).toContain('_rows');
      expect(help, name).toMatch(/^[A-Z].*[^ ]\.?$/);
    }
    expect(Object.keys(CATALOGUE)).toHaveLength(new Set(METRIC_NAMES).size);
  });

  it('passes promtool', async ({ skip }) => {
    if (spawnSync('promtool', ['--version']).error !== undefined)
      skip('promtool is not on the PATH: not linted');
    const bench = new Bench(async () => ({ waiting: 0, active: 0, delayed: 0, failed: 0 }));
    bench.state = { ...NOBODY, migrations: [reading('a')] };
    const text = (await bench.metrics.text())
      .split('\n')
      .filter((line) => / bellows_|^bellows_/.test(line))
      .join('\n');
    const lint = spawnSync('promtool', ['check', 'metrics'], { input: `${text}\n`, encoding: 'utf8' });
    expect(`${lint.stdout}${lint.stderr}`).toBe('');
    expect(lint.status).toBe(0);
  });
});

it('knows errors and signals by kind', () => {
  expect(['08006', '57P01', '25006', '23505', '22P02', '42501', '42P01', 'none'].map(errorClass)).toEqual([
    'connection',
    'connection',
    'read_only',
    'constraint',
    'data',
    'permission',
    'undefined_object',
    'other',
  ]);
  expect(['window', 'query', 'query:wal', 'http/disk', 'toString', ''].map(reasonOf)).toEqual([
    'window',
    'query',
    'query',
    'http',
    'other',
    'other',
  ]);
});
