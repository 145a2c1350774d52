/** Where a migration stands, its gate, and what was verified. */
import { counter, gauge } from './spec.js';

export const MIGRATIONS = {
  bellows_sql_statement_seconds: gauge(
    'postgres',
    'seconds',
    ['migration', 'line'],
    'What a statement of a plain SQL migration took, by the line of its file; the 50 slowest of the last 24 hours.',
  ),
  bellows_sql_lock_held_seconds: gauge(
    'postgres',
    'seconds',
    ['migration', 'line'],
    'How long a statement of a plain SQL migration held its table lock, until its transaction ended: the longest of its locks of SHARE UPDATE EXCLUSIVE and stronger.',
  ),
  bellows_migration_info: gauge(
    'postgres',
    'none',
    ['migration', 'table', 'file_checksum'],
    'One series for each table of a migration, always 1; join it where a table or the first 8 digits of the checksum are wanted.',
  ),
  bellows_migration_phase: gauge(
    'postgres',
    'none',
    ['migration', 'phase'],
    'The phase of a migration: exactly one of its phases is 1. A paused migration keeps the phase that it left; a failed one is in phase failed.',
  ),
  bellows_migration_phase_entered_timestamp_seconds: gauge(
    'postgres',
    'seconds',
    ['migration', 'phase'],
    'When the migration last entered the phase, seconds since 1970 by the clock of the database; absent for phases that it was not in.',
  ),
  bellows_migration_phase_duration_seconds: gauge(
    'postgres',
    'seconds',
    ['migration', 'phase'],
    'Time that the migration has spent in the phase, all its visits together, pauses included; it stands still once the phase is left.',
  ),
  bellows_migration_paused: gauge(
    'postgres',
    'none',
    ['migration', 'by'],
    'Whether the migration is paused, and by whom: operator, or bellows itself where a lock could not be had in time.',
  ),
  bellows_migration_transitions_total: counter(
    'process',
    'none',
    ['migration', 'to'],
    'Changes of state, by the state that was entered; paused counts here as a state.',
  ),
  bellows_gate_open: gauge(
    'postgres',
    'none',
    ['migration'],
    'Whether every check passes on evidence of the last 5 minutes; only for migrations that stand at the gate.',
  ),
  bellows_gate_check_passing: gauge(
    'postgres',
    'none',
    ['migration', 'check'],
    'Whether a check of the gate passes, is not applicable or is skipped by an operator; what is not known, not evaluated or older than 5 minutes does not pass.',
  ),
  bellows_gate_last_evaluated_timestamp_seconds: gauge(
    'postgres',
    'seconds',
    ['migration'],
    'When the checks were last evaluated, seconds since 1970 by the clock of the database; only for migrations that stand at the gate.',
  ),
  bellows_gate_decisions_total: counter(
    'postgres',
    'none',
    ['migration', 'decision'],
    'What people decided about the gate: approved, or skipped where one check was skipped. Who and why is in the history.',
  ),
  bellows_verify_rows_total: counter(
    'postgres',
    'rows',
    ['migration', 'result'],
    'Rows that finished verifications compared, by result: match or mismatch.',
  ),
  bellows_verify_mismatched_rows: gauge(
    'postgres',
    'rows',
    ['migration'],
    'Rows whose values differed in the newest finished verification; absent before the first.',
  ),
  bellows_sync_trigger_present: gauge(
    'postgres',
    'none',
    ['migration'],
    'Whether the sync triggers stand on the table and always fire; only from backfilling to the gate, and for migrations that have them. 0 means that writes pass unseen.',
  ),
  bellows_sync_trigger_calls_total: counter(
    'postgres',
    'none',
    ['migration'],
    'Calls of the sync trigger by writes of the application; only where the server runs with track_functions = pl or all.',
  ),
  bellows_sync_trigger_seconds_total: counter(
    'postgres',
    'seconds',
    ['migration'],
    'Time that the application spent in the sync trigger; only where the server runs with track_functions = pl or all.',
  ),
} as const;
