/** Counters and histograms, from what this process did. */
import type { EventMap, EventName } from '#core/events';
import type { StateKind } from '#core/state';
import type { Instruments } from './instruments.js';
import {
  ATTEMPT_OUTCOMES,
  BATCH_OUTCOMES,
  COLLECTORS,
  ERROR_CLASSES,
  errorClass,
  LEVELS,
  LOCK_OUTCOMES,
  OPERATIONS,
  PHASES,
  REASONS,
  REDELIVERY_CAUSES,
  ROW_OUTCOMES,
  reasonOf,
  STAGES,
} from './labels.js';

type Reaction<E extends EventName> = ((to: Instruments, payload: EventMap[E]) => void) | null;

/** Total on purpose: an event that is new does not compile until it is counted, or said not to be. */
const REACTIONS: { readonly [E in EventName]: Reaction<E> } = {
  'run:transition': (to, { migration, to: state }) =>
    to.inc('bellows_migration_transitions_total', { migration, to: state }),
  'run:failed': null,
  'run:waits': null,
  'step:started': (to, { migration, step }) => {
    for (const outcome of ATTEMPT_OUTCOMES)
      to.inc('bellows_ddl_attempts_total', { migration, step, outcome }, 0);
  },
  'step:attempt': (to, { migration, step, outcome, lockWaitSeconds, lockHeldSeconds, queued }) => {
    to.inc('bellows_ddl_attempts_total', { migration, step, outcome });
    to.set('bellows_ddl_queued_sessions', { migration }, queued);
    if (lockHeldSeconds !== null) to.observe('bellows_ddl_lock_held_seconds', {}, lockHeldSeconds);
    if (lockWaitSeconds === null) return;
    const got = lockHeldSeconds !== null || outcome === 'ok';
    to.observe('bellows_ddl_lock_wait_seconds', { outcome: got ? 'acquired' : 'timeout' }, lockWaitSeconds);
  },
  'step:done': null,
  'batch:committed': (to, { migration, rows, seconds }) => {
    to.inc('bellows_backfill_batches_total', { migration, outcome: 'committed' });
    to.inc('bellows_backfill_rows_total', { migration, outcome: 'updated' }, rows);
    to.observe('bellows_backfill_batch_duration_seconds', { migration }, seconds);
    to.observe('bellows_backfill_batch_rows', { migration }, rows);
  },
  'batch:stage': (to, { stage, seconds }) =>
    to.observe('bellows_backfill_batch_stage_duration_seconds', { stage }, seconds),
  'batch:failed': (to, { migration, outcome }) =>
    to.inc('bellows_backfill_batches_total', { migration, outcome }),
  'rows:quarantined': (to, { migration, rows }) =>
    to.inc('bellows_backfill_rows_total', { migration, outcome: 'quarantined' }, rows),
  // Read from PostgreSQL, where the workers wrote them.
  'backfill:vacuumed': null,
  'throttle:on': null,
  'throttle:off': null,
  'throttle:read': (to, { signals }) => {
    for (const { signal, readable } of signals) {
      if (!readable) to.inc('bellows_throttle_check_failures_total', { reason: reasonOf(signal) });
    }
  },
  // The results are read from PostgreSQL, where the leader wrote them.
  'verify:progress': null,
  'gate:evaluated': null,
  'sql:waiting': null,
  'sql:started': null,
  'sql:blocked': null,
  'sql:statement': (to, { locks }) => {
    for (const { heldSeconds } of locks) to.observe('bellows_ddl_lock_held_seconds', {}, heldSeconds);
  },
  'sql:finished': null,
  'sql:failed': null,
  'server:waiting': null,
  'database:created': null,
  'leader:changed': (to, { leading }) => to.set('bellows_scheduler_leader', {}, Number(leading)),
  'job:started': (to, { waitSeconds }) => to.observe('bellows_queue_wait_seconds', {}, waitSeconds),
  'job:finished': (to, { outcome }) => {
    if (outcome === 'stale') to.inc('bellows_queue_redeliveries_total', { cause: 'stale' });
  },
  'job:redelivered': (to, { cause }) => to.inc('bellows_queue_redeliveries_total', { cause }),
  'worker:slots': (to, { slots, used }) => {
    to.set('bellows_worker_slots', {}, slots);
    to.set('bellows_worker_slots_used', {}, used);
  },
  'queue:error': null,
  'postgres:error': (to, { operation, sqlstate }) =>
    to.inc('bellows_postgres_errors_total', { operation, class: errorClass(sqlstate) }),
};

/** After these a worker is not stuck: it takes a job, commits a batch, or ends a job, which it does every 20 seconds also while it is held. */
const PROGRESS: ReadonlySet<EventName> = new Set(['worker:slots', 'batch:committed']);

export function react<E extends EventName>(
  to: Instruments,
  name: E,
  payload: EventMap[E],
  unixSeconds: number,
): void {
  REACTIONS[name]?.(to, payload);
  if (PROGRESS.has(name)) to.set('bellows_worker_last_progress_timestamp_seconds', {}, unixSeconds);
}

/** The series of a process at 0, so that `rate()` sees the first increase and an absent series means an absent process. */
export function zeroProcess(to: Instruments): void {
  for (const operation of OPERATIONS) {
    for (const kind of ERROR_CLASSES) to.inc('bellows_postgres_errors_total', { operation, class: kind }, 0);
  }
  for (const level of LEVELS) to.inc('bellows_log_messages_total', { level }, 0);
  for (const collector of COLLECTORS) to.inc('bellows_collector_errors_total', { collector }, 0);
  for (const cause of REDELIVERY_CAUSES) to.inc('bellows_queue_redeliveries_total', { cause }, 0);
  for (const reason of REASONS) to.inc('bellows_throttle_check_failures_total', { reason }, 0);
  for (const outcome of LOCK_OUTCOMES) to.zero('bellows_ddl_lock_wait_seconds', { outcome });
  for (const stage of STAGES) to.zero('bellows_backfill_batch_stage_duration_seconds', { stage });
  to.zero('bellows_ddl_lock_held_seconds', {});
  to.zero('bellows_queue_wait_seconds', {});
  to.set('bellows_scheduler_leader', {}, 0);
}

const ENTERED: readonly StateKind[] = [...PHASES, 'paused'];

/** The series of a migration at 0. */
export function zeroMigration(to: Instruments, migration: string): void {
  for (const state of ENTERED) to.inc('bellows_migration_transitions_total', { migration, to: state }, 0);
  for (const outcome of ROW_OUTCOMES) to.inc('bellows_backfill_rows_total', { migration, outcome }, 0);
  for (const outcome of BATCH_OUTCOMES) to.inc('bellows_backfill_batches_total', { migration, outcome }, 0);
  to.zero('bellows_backfill_batch_duration_seconds', { migration });
  to.zero('bellows_backfill_batch_rows', { migration });
}
