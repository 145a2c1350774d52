/** State gauges, and counters that PostgreSQL keeps, from what was read of it. */
import { type CounterName, type GaugeName, METRIC_NAMES, specOf } from './catalogue.js';
import type { Instruments } from './instruments.js';
import { JOB_STATES, PAUSERS, PHASES, pauserOf, phaseOf, REASONS, type Reason, reasonOf } from './labels.js';
import {
  type BackfillReading,
  DECISIONS,
  type GateReading,
  type MigrationReading,
  type StateForMetrics,
  type ThrottledReading,
} from './readings.js';
import type { ServerReading } from './server-state.js';

const FROM_POSTGRES = METRIC_NAMES.filter(
  (name): name is CounterName | GaugeName => specOf(name).source === 'postgres',
);

/** Replaces all that is read; null takes it away, since what is not known must not look like what was. */
export function showState(to: Instruments, state: StateForMetrics | null): void {
  for (const name of FROM_POSTGRES) to.clear(name);
  to.set('bellows_postgres_up', {}, state === null ? 0 : 1);
  if (state === null) return;
  to.set('bellows_workers', { state: 'live' }, state.workers.live);
  to.set('bellows_workers', { state: 'stale' }, state.workers.stale);
  to.set('bellows_scheduler_leader_epoch', {}, state.epoch);
  to.set('bellows_queue_oldest_wait_seconds', {}, state.oldestWait);
  for (const [action, times] of state.audit) to.inc('bellows_audit_events_total', { action }, times);
  for (const { migration, line, seconds, lockSeconds } of state.plain) {
    const statement = { migration, line: String(line) };
    to.set('bellows_sql_statement_seconds', statement, seconds);
    if (lockSeconds !== null) to.set('bellows_sql_lock_held_seconds', statement, lockSeconds);
  }
  showServer(to, state.server);
  for (const reading of state.migrations) showMigration(to, reading);
}

export type QueueCounts = Readonly<Record<(typeof JOB_STATES)[number], number>>;

export function showQueue(to: Instruments, counts: QueueCounts | null): void {
  to.clear('bellows_queue_jobs');
  if (counts === null) return;
  for (const state of JOB_STATES) to.set('bellows_queue_jobs', { state }, counts[state]);
}

function showServer(to: Instruments, { walBytes, oldestTransactionSeconds, replicas }: ServerReading): void {
  if (walBytes !== null) to.inc('bellows_postgres_wal_bytes_total', {}, walBytes);
  to.set('bellows_postgres_oldest_transaction_age_seconds', {}, oldestTransactionSeconds);
  for (const { replica, seconds, bytes } of replicas) {
    to.set('bellows_postgres_replication_lag_seconds', { replica }, seconds);
    to.set('bellows_postgres_replication_lag_bytes', { replica }, bytes);
  }
}

function showMigration(to: Instruments, reading: MigrationReading): void {
  const { migration, backfill, gate } = reading;
  for (const table of reading.tables) {
    to.set('bellows_migration_info', { migration, table, file_checksum: reading.checksum.slice(0, 8) }, 1);
  }
  showPhase(to, reading);
  if (backfill !== null) showBackfill(to, migration, backfill);
  if (gate !== null) showGate(to, migration, gate);
  for (const decision of DECISIONS)
    to.inc('bellows_gate_decisions_total', { migration, decision }, reading.decisions[decision]);
  showVerification(to, reading);
  showDdl(to, reading);
  showTrigger(to, reading);
}

function showPhase(to: Instruments, { migration, state, phases }: MigrationReading): void {
  const now = phaseOf(state);
  const pauser = state.kind === 'paused' ? pauserOf(state.by) : null;
  for (const phase of PHASES) {
    to.set('bellows_migration_phase', { migration, phase }, Number(phase === now));
    const seen = phases[phase];
    if (seen === undefined) continue;
    to.set('bellows_migration_phase_entered_timestamp_seconds', { migration, phase }, seen.at);
    to.set('bellows_migration_phase_duration_seconds', { migration, phase }, seen.seconds);
  }
  for (const by of PAUSERS) to.set('bellows_migration_paused', { migration, by }, Number(by === pauser));
}

function showBackfill(to: Instruments, migration: string, backfill: BackfillReading): void {
  const { rowsDone, rowsExpected } = backfill;
  const known = rowsDone !== null && rowsExpected !== null;
  const values = {
    bellows_backfill_rows_done: rowsDone,
    bellows_backfill_rows_expected: rowsExpected,
    bellows_backfill_rows_remaining: known ? Math.max(0, rowsExpected - rowsDone) : null,
    bellows_backfill_progress_ratio: backfill.progress,
    bellows_backfill_eta_seconds: backfill.etaSeconds,
    bellows_backfill_last_commit_timestamp_seconds: backfill.lastCommit,
    bellows_backfill_concurrency_limit: backfill.concurrency,
    bellows_backfill_concurrency_ceiling: backfill.ceiling,
    bellows_backfill_rows_per_second_limit: backfill.rowsPerSecond,
    bellows_backfill_batches_in_flight: backfill.inFlight,
    bellows_backfill_batch_target_seconds: backfill.targetSeconds,
    bellows_backfill_batch_target_rows: backfill.batchRows,
    bellows_backfill_quarantined_rows: backfill.quarantined,
  } as const;
  // Unknown is absent, never 0.
  for (const name of Object.keys(values) as readonly (keyof typeof values)[]) {
    const value = values[name];
    if (value !== null) to.set(name, { migration }, value);
  }
  to.inc('bellows_backfill_vacuums_total', { migration }, backfill.vacuum.vacuums);
  to.inc('bellows_backfill_vacuum_seconds_total', { migration }, backfill.vacuum.seconds);
  showThrottle(to, migration, backfill);
}

function showThrottle(
  to: Instruments,
  migration: string,
  { holds, throttled, signals }: BackfillReading,
): void {
  const held = new Set(holds.map(reasonOf));
  const sum = (reason: Reason, of: (reading: ThrottledReading) => number) =>
    throttled.filter(({ signal }) => reasonOf(signal) === reason).reduce((all, one) => all + of(one), 0);
  for (const reason of REASONS) {
    const labels = { migration, reason };
    to.set('bellows_throttle_active', labels, Number(held.has(reason)));
    to.inc(
      'bellows_throttle_seconds_total',
      labels,
      sum(reason, ({ seconds }) => seconds),
    );
    to.inc(
      'bellows_throttle_events_total',
      labels,
      sum(reason, ({ events }) => events),
    );
  }
  // Several of a kind (`query:…`) are one reason: the one that is nearest to its limit.
  for (const reason of new Set(signals.map(({ signal }) => reasonOf(signal)))) {
    const near = signals.filter(({ signal }) => reasonOf(signal) === reason);
    const utilisation = Math.max(...near.map((one) => one.utilisation));
    to.set('bellows_throttle_utilization_ratio', { migration, reason }, utilisation);
  }
}

function showGate(to: Instruments, migration: string, { checks, evaluatedAt }: GateReading): void {
  for (const [check, passing] of checks) {
    to.set('bellows_gate_check_passing', { migration, check }, Number(passing));
  }
  to.set('bellows_gate_open', { migration }, Number([...checks.values()].every(Boolean)));
  if (evaluatedAt !== null)
    to.set('bellows_gate_last_evaluated_timestamp_seconds', { migration }, evaluatedAt);
}

function showVerification(to: Instruments, { migration, verification }: MigrationReading): void {
  const { matched = 0, mismatched = 0 } = verification ?? {};
  to.inc('bellows_verify_rows_total', { migration, result: 'match' }, matched);
  to.inc('bellows_verify_rows_total', { migration, result: 'mismatch' }, mismatched);
  if (verification !== null) to.set('bellows_verify_mismatched_rows', { migration }, verification.latest);
}

function showDdl(to: Instruments, { migration, steps, onTables }: MigrationReading): void {
  for (const { step, seconds } of steps) to.set('bellows_ddl_duration_seconds', { migration, step }, seconds);
  const blocking = steps.reduce((sum, step) => sum + step.blocking, 0);
  to.set('bellows_ddl_blocking_sessions', { migration }, blocking);
  if (onTables === null) return;
  to.set('bellows_invalid_indexes', { migration }, onTables.invalidIndexes);
  to.set('bellows_postgres_dead_tuples', { migration }, onTables.deadTuples);
  to.set('bellows_postgres_table_size_bytes', { migration }, onTables.bytes);
  if (onTables.indexProgress !== null)
    to.set('bellows_index_build_progress_ratio', { migration }, onTables.indexProgress);
}

function showTrigger(to: Instruments, { migration, trigger }: MigrationReading): void {
  if (trigger === null) return;
  const { present, calls, seconds } = trigger;
  to.set('bellows_sync_trigger_present', { migration }, Number(present));
  if (calls !== null) to.inc('bellows_sync_trigger_calls_total', { migration }, calls);
  if (seconds !== null) to.inc('bellows_sync_trigger_seconds_total', { migration }, seconds);
}
