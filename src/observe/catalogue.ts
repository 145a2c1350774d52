/** Every metric that Bellows serves, as data: the registry is built from it, `docs/metrics.md` and the dashboards are checked against it. */

interface MetricCommon {
  readonly labels: readonly string[];
  /** As it stands at the end of the name; `none` for counts of things, states and information. */
  readonly unit: 'seconds' | 'rows' | 'ratio' | 'jobs' | 'none';
  readonly help: string;
  /** `process`: counted by each process from what it did. `postgres`: read from the ledger, the same from every process. */
  readonly source: 'process' | 'postgres' | 'queue';
}
export type MetricSpec =
  | (MetricCommon & { readonly type: 'counter' | 'gauge' })
  | (MetricCommon & { readonly type: 'histogram'; readonly buckets: readonly number[] });

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const ROWS = [10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000, 50_000] as const;
const LOCK_SECONDS = [0.005, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30] as const;

export const CATALOGUE = {
  bellows_build_info: {
    type: 'gauge',
    labels: ['version', 'node_version'],
    unit: 'none',
    source: 'process',
    help: 'Which build of Bellows runs; always 1.',
  },
  bellows_migration_info: {
    type: 'gauge',
    labels: ['migration', 'table', 'file_checksum'],
    unit: 'none',
    source: 'postgres',
    help: 'One series for each table of a migration, always 1; join it where a table or the first 8 digits of the checksum are wanted.',
  },
  bellows_migration_phase: {
    type: 'gauge',
    labels: ['migration', 'phase'],
    unit: 'none',
    source: 'postgres',
    help: 'The phase of a migration: exactly one of its phases is 1. A paused migration keeps the phase that it left; a failed one is in phase failed.',
  },
  bellows_migration_phase_entered_timestamp_seconds: {
    type: 'gauge',
    labels: ['migration', 'phase'],
    unit: 'seconds',
    source: 'postgres',
    help: 'When the migration last entered the phase, seconds since 1970 by the clock of the database; absent for phases that it was not in.',
  },
  bellows_migration_paused: {
    type: 'gauge',
    labels: ['migration', 'by'],
    unit: 'none',
    source: 'postgres',
    help: 'Whether the migration is paused, and by whom: operator, or bellows itself where a lock could not be had in time.',
  },
  bellows_migration_transitions_total: {
    type: 'counter',
    labels: ['migration', 'to'],
    unit: 'none',
    source: 'process',
    help: 'Changes of state, by the state that was entered; paused counts here as a state.',
  },
  bellows_backfill_rows_total: {
    type: 'counter',
    labels: ['migration', 'outcome'],
    unit: 'rows',
    source: 'process',
    help: 'Rows that batches of this process updated or put into quarantine.',
  },
  bellows_backfill_rows_expected: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'rows',
    source: 'postgres',
    help: 'Rows to be moved as the planner estimated them; absent where a table was never analysed.',
  },
  bellows_backfill_rows_done: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'rows',
    source: 'postgres',
    help: 'Rows that were moved, from the ledger: it survives restarts and counts nothing twice. Absent for the first readings of a process over a very long ledger.',
  },
  bellows_backfill_progress_ratio: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'ratio',
    source: 'postgres',
    help: 'Share of the blocks of the tables that the walk has passed, 0 to 1; it rests on no estimate. Absent until the walk is planned.',
  },
  bellows_backfill_eta_seconds: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'seconds',
    source: 'postgres',
    help: 'Time left for the walk at the pace of the last 10 minutes, holds included. Absent before 1 % or 20 batches, and while nothing moves.',
  },
  bellows_backfill_batches_total: {
    type: 'counter',
    labels: ['migration', 'outcome'],
    unit: 'none',
    source: 'process',
    help: 'Batches by how they ended: committed, retried (a lock, a deadlock), split (too slow or a bad row), failed, or fenced (another process took over).',
  },
  bellows_backfill_batch_duration_seconds: {
    type: 'histogram',
    labels: ['migration'],
    unit: 'seconds',
    source: 'process',
    buckets: SECONDS,
    help: 'Duration of committed batches.',
  },
  bellows_backfill_batch_rows: {
    type: 'histogram',
    labels: ['migration'],
    unit: 'rows',
    source: 'process',
    buckets: ROWS,
    help: 'Rows of committed batches.',
  },
  bellows_backfill_batch_target_seconds: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'seconds',
    source: 'postgres',
    help: 'The duration that batches are sized for.',
  },
  bellows_backfill_concurrency_limit: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'none',
    source: 'postgres',
    help: 'Batches that may be in flight at a time over all workers.',
  },
  bellows_backfill_last_commit_timestamp_seconds: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'seconds',
    source: 'postgres',
    help: 'When the last batch was committed, seconds since 1970 by the clock of the database; now minus this is how long it stands still.',
  },
  bellows_backfill_quarantined_rows: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'rows',
    source: 'postgres',
    help: 'Rows in quarantine now: the gate stays shut until each is retried or skipped.',
  },
  bellows_throttle_active: {
    type: 'gauge',
    labels: ['migration', 'reason'],
    unit: 'none',
    source: 'postgres',
    help: 'Whether a signal holds the backfill now; any 1 means that no batch is sent.',
  },
  bellows_throttle_seconds_total: {
    type: 'counter',
    labels: ['migration', 'reason'],
    unit: 'seconds',
    source: 'process',
    help: 'Time for which a signal held the backfill, as seen by this process; it grows while the hold lasts.',
  },
  bellows_ddl_attempts_total: {
    type: 'counter',
    labels: ['migration', 'step', 'outcome'],
    unit: 'none',
    source: 'process',
    help: 'Attempts at a step of DDL by outcome; a lock that was not had within its limit counts as lock_timeout and is tried again.',
  },
  bellows_ddl_lock_wait_seconds: {
    type: 'histogram',
    labels: ['outcome'],
    unit: 'seconds',
    source: 'process',
    buckets: LOCK_SECONDS,
    help: 'How long DDL waited for its table locks; sessions of the application may have waited behind it for as long.',
  },
  bellows_ddl_lock_held_seconds: {
    type: 'histogram',
    labels: [],
    unit: 'seconds',
    source: 'process',
    buckets: LOCK_SECONDS,
    help: 'How long DDL held its table locks once it had them.',
  },
  bellows_gate_open: {
    type: 'gauge',
    labels: ['migration'],
    unit: 'none',
    source: 'postgres',
    help: 'Whether every check passes on evidence of the last 5 minutes; only for migrations that stand at the gate.',
  },
  bellows_gate_check_passing: {
    type: 'gauge',
    labels: ['migration', 'check'],
    unit: 'none',
    source: 'postgres',
    help: 'Whether a check of the gate passes, is not applicable or is skipped by an operator; what is not known, not evaluated or older than 5 minutes does not pass.',
  },
  bellows_queue_jobs: {
    type: 'gauge',
    labels: ['state'],
    unit: 'jobs',
    source: 'queue',
    help: 'Jobs in the queue by state; absent while the queue cannot be reached.',
  },
  bellows_queue_wait_seconds: {
    type: 'histogram',
    labels: [],
    unit: 'seconds',
    source: 'process',
    buckets: SECONDS,
    help: 'How long jobs waited in the queue before a worker of this process took them.',
  },
  bellows_workers: {
    type: 'gauge',
    labels: ['state'],
    unit: 'none',
    source: 'postgres',
    help: 'Workers by their heartbeat: live, or stale where nothing was heard for 10 seconds.',
  },
  bellows_scheduler_leader: {
    type: 'gauge',
    labels: [],
    unit: 'none',
    source: 'process',
    help: 'Whether this process leads; the sum over all processes is 1.',
  },
  bellows_postgres_up: {
    type: 'gauge',
    labels: [],
    unit: 'none',
    source: 'process',
    help: 'Whether the ledger could be read for this scrape within 2 seconds; at 0 everything that is read from PostgreSQL is absent.',
  },
  bellows_postgres_errors_total: {
    type: 'counter',
    labels: ['operation', 'class'],
    unit: 'none',
    source: 'process',
    help: 'Errors of PostgreSQL by what was being done and by kind; most are tried again.',
  },
  bellows_collector_duration_seconds: {
    type: 'gauge',
    labels: ['collector'],
    unit: 'seconds',
    source: 'process',
    help: 'How long the last reading of PostgreSQL or of the queue took.',
  },
  bellows_collector_errors_total: {
    type: 'counter',
    labels: ['collector'],
    unit: 'none',
    source: 'process',
    help: 'Readings that failed or took longer than 2 seconds.',
  },
  bellows_log_messages_total: {
    type: 'counter',
    labels: ['level'],
    unit: 'none',
    source: 'process',
    help: 'Events by the level of their line in the log, whether or not the chosen level shows them.',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof CATALOGUE;
type OfType<T extends MetricSpec['type']> = {
  [N in MetricName]: (typeof CATALOGUE)[N]['type'] extends T ? N : never;
}[MetricName];
export type CounterName = OfType<'counter'>;
export type GaugeName = OfType<'gauge'>;
export type HistogramName = OfType<'histogram'>;
export type LabelsOf<N extends MetricName> = Readonly<
  Record<(typeof CATALOGUE)[N]['labels'][number], string>
>;

export const METRIC_NAMES = Object.keys(CATALOGUE) as readonly MetricName[];

export function specOf(name: MetricName): MetricSpec {
  return CATALOGUE[name];
}
