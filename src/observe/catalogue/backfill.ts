/** The walk over the rows, and what holds it. */
import { counter, gauge, histogram, ROWS, SECONDS } from './spec.js';

export const BACKFILL = {
  bellows_backfill_rows_total: counter(
    'process',
    'rows',
    ['migration', 'outcome'],
    'Rows that batches of this process updated or put into quarantine.',
  ),
  bellows_backfill_rows_expected: gauge(
    'postgres',
    'rows',
    ['migration'],
    'Rows to be moved as the planner estimated them; absent where a table was never analysed.',
  ),
  bellows_backfill_rows_done: gauge(
    'postgres',
    'rows',
    ['migration'],
    'Rows that were moved, from the ledger: it survives restarts and counts nothing twice. Absent for the first readings of a process over a very long ledger.',
  ),
  bellows_backfill_rows_remaining: gauge(
    'postgres',
    'rows',
    ['migration'],
    'Expected rows that are not done, never below 0; an estimate, as the expected rows are.',
  ),
  bellows_backfill_progress_ratio: gauge(
    'postgres',
    'ratio',
    ['migration'],
    'Share of the blocks of the tables that the walk has passed, 0 to 1; it rests on no estimate. Absent until the walk is planned.',
  ),
  bellows_backfill_eta_seconds: gauge(
    'postgres',
    'seconds',
    ['migration'],
    'Time left for the walk at the pace of the last 10 minutes, holds included. Absent before 1 % or 20 batches, and while nothing moves.',
  ),
  bellows_backfill_batches_total: counter(
    'process',
    'none',
    ['migration', 'outcome'],
    'Batches by how they ended: committed, retried (a lock, a deadlock), split (too slow or a bad row), failed, or fenced (another process took over).',
  ),
  bellows_backfill_batch_duration_seconds: histogram(
    'seconds',
    ['migration'],
    SECONDS,
    'Duration of committed batches.',
  ),
  bellows_backfill_batch_rows: histogram('rows', ['migration'], ROWS, 'Rows of committed batches.'),
  bellows_backfill_batch_target_seconds: gauge(
    'postgres',
    'seconds',
    ['migration'],
    'The duration that batches are sized for.',
  ),
  bellows_backfill_batch_target_rows: gauge(
    'postgres',
    'rows',
    ['migration'],
    'What the adaptive size has come to: the median of the rows of the batches of the last 30 seconds. Absent where there was none.',
  ),
  bellows_backfill_batches_in_flight: gauge(
    'postgres',
    'none',
    ['migration'],
    'Ranges that a live worker walks now, each with one batch at a time; over the concurrency limit this is how busy the walk is.',
  ),
  bellows_backfill_concurrency_limit: gauge(
    'postgres',
    'none',
    ['migration'],
    'Batches that may be in flight at a time over all workers now; below the ceiling while a signal is near its limit.',
  ),
  bellows_backfill_concurrency_ceiling: gauge(
    'postgres',
    'none',
    ['migration'],
    'The most batches in flight that the operator allows.',
  ),
  bellows_backfill_rows_per_second_limit: gauge(
    'postgres',
    'none',
    ['migration'],
    'The cap on rows per second over all workers; absent where there is none.',
  ),
  bellows_backfill_last_commit_timestamp_seconds: gauge(
    'postgres',
    'seconds',
    ['migration'],
    'When the last batch was committed, seconds since 1970 by the clock of the database; now minus this is how long it stands still.',
  ),
  bellows_backfill_quarantined_rows: gauge(
    'postgres',
    'rows',
    ['migration'],
    'Rows in quarantine now: the gate stays shut until each is retried or skipped.',
  ),
  bellows_backfill_vacuums_total: counter(
    'postgres',
    'none',
    ['migration'],
    'Vacuums that the leader ran on the tables of the walk, so that the space of dead rows is used again.',
  ),
  bellows_backfill_vacuum_seconds_total: counter(
    'postgres',
    'seconds',
    ['migration'],
    'Time that those vacuums took.',
  ),
  bellows_throttle_active: gauge(
    'postgres',
    'none',
    ['migration', 'reason'],
    'Whether a signal holds the backfill now; any 1 means that no batch is sent.',
  ),
  bellows_throttle_seconds_total: counter(
    'postgres',
    'seconds',
    ['migration', 'reason'],
    'Time for which a signal has held the backfill, from the ledger; it grows while the hold lasts.',
  ),
  bellows_throttle_events_total: counter(
    'postgres',
    'none',
    ['migration', 'reason'],
    'How often a signal has held the backfill, from the ledger; a hold that lasts counts.',
  ),
  bellows_throttle_utilization_ratio: gauge(
    'postgres',
    'ratio',
    ['migration', 'reason'],
    'The value of a signal over its limit as the workers read it last: at 1 it holds. Only while the migration is backfilling; absent where it is not known or older than 15 seconds, never 0 for that.',
  ),
  bellows_throttle_check_failures_total: counter(
    'process',
    'none',
    ['reason'],
    'Readings of a signal that failed; what cannot be read holds the backfill.',
  ),
} as const;
