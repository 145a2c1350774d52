/** State gauges, from what was read of PostgreSQL. */
import type { GaugeName } from './catalogue.js';
import { METRIC_NAMES, specOf } from './catalogue.js';
import type { Instruments } from './instruments.js';
import { JOB_STATES, PAUSERS, PHASES, pauserOf, phaseOf, REASONS, reasonOf } from './labels.js';
import type { BackfillReading, MigrationReading, StateForMetrics } from './state.js';

const STATE_GAUGES = METRIC_NAMES.filter(
  (name): name is GaugeName => specOf(name).source === 'postgres' && specOf(name).type === 'gauge',
);

/** Replaces all state gauges; null takes them away, since what is not known must not look like what was. */
export function showState(to: Instruments, state: StateForMetrics | null): void {
  for (const name of STATE_GAUGES) to.clear(name);
  to.set('bellows_postgres_up', {}, state === null ? 0 : 1);
  if (state === null) return;
  to.set('bellows_workers', { state: 'live' }, state.workers.live);
  to.set('bellows_workers', { state: 'stale' }, state.workers.stale);
  for (const reading of state.migrations) showMigration(to, reading);
}

export type QueueCounts = Readonly<Record<(typeof JOB_STATES)[number], number>>;

export function showQueue(to: Instruments, counts: QueueCounts | null): void {
  to.clear('bellows_queue_jobs');
  if (counts === null) return;
  for (const state of JOB_STATES) to.set('bellows_queue_jobs', { state }, counts[state]);
}

function showMigration(to: Instruments, reading: MigrationReading): void {
  const { migration, state, gate } = reading;
  const phase = phaseOf(state);
  const pauser = state.kind === 'paused' ? pauserOf(state.by) : null;
  for (const p of PHASES) {
    to.set('bellows_migration_phase', { migration, phase: p }, Number(p === phase));
    const at = reading.entered[p];
    if (at !== undefined)
      to.set('bellows_migration_phase_entered_timestamp_seconds', { migration, phase: p }, at);
  }
  for (const by of PAUSERS) to.set('bellows_migration_paused', { migration, by }, Number(by === pauser));
  for (const table of reading.tables) {
    to.set('bellows_migration_info', { migration, table, file_checksum: reading.checksum.slice(0, 8) }, 1);
  }
  if (reading.backfill !== null) showBackfill(to, migration, reading.backfill);
  if (gate !== null) showGate(to, migration, gate);
}

function showBackfill(to: Instruments, migration: string, backfill: BackfillReading): void {
  const held = new Set(backfill.holds.map(reasonOf));
  for (const reason of REASONS) {
    to.set('bellows_throttle_active', { migration, reason }, Number(held.has(reason)));
  }
  const values = {
    bellows_backfill_rows_done: backfill.rowsDone,
    bellows_backfill_rows_expected: backfill.rowsExpected,
    bellows_backfill_progress_ratio: backfill.progress,
    bellows_backfill_eta_seconds: backfill.etaSeconds,
    bellows_backfill_last_commit_timestamp_seconds: backfill.lastCommit,
    bellows_backfill_concurrency_limit: backfill.concurrency,
    bellows_backfill_batch_target_seconds: backfill.targetSeconds,
    bellows_backfill_quarantined_rows: backfill.quarantined,
  } as const;
  // Unknown is absent, never 0.
  for (const name of Object.keys(values) as readonly (keyof typeof values)[]) {
    const value = values[name];
    if (value !== null) to.set(name, { migration }, value);
  }
}

function showGate(to: Instruments, migration: string, gate: NonNullable<MigrationReading['gate']>): void {
  for (const [check, passing] of gate) {
    to.set('bellows_gate_check_passing', { migration, check }, Number(passing));
  }
  to.set('bellows_gate_open', { migration }, Number([...gate.values()].every(Boolean)));
}
