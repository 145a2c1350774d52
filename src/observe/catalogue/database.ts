/** DDL and its locks, and what the database feels. */
import { counter, gauge, histogram, LOCK_SECONDS } from './spec.js';

export const DATABASE = {
  bellows_ddl_attempts_total: counter(
    'process',
    'none',
    ['migration', 'step', 'outcome'],
    'Attempts at a step of DDL by outcome; a lock that was not had within its limit counts as lock_timeout and is tried again.',
  ),
  bellows_ddl_lock_wait_seconds: histogram(
    'seconds',
    ['outcome'],
    LOCK_SECONDS,
    'How long DDL waited for its table locks; sessions of the application may have waited behind it for as long.',
  ),
  bellows_ddl_lock_held_seconds: histogram(
    'seconds',
    [],
    LOCK_SECONDS,
    'How long DDL held its table locks once it had them.',
  ),
  bellows_ddl_duration_seconds: gauge(
    'postgres',
    'seconds',
    ['migration', 'step'],
    'From the first attempt at a step to its end, or until now; waiting between attempts included.',
  ),
  bellows_ddl_blocking_sessions: gauge(
    'postgres',
    'sessions',
    ['migration'],
    'Sessions that the last attempt at the step under way was blocked by; 0 where nothing blocks.',
  ),
  bellows_ddl_queued_sessions: gauge(
    'process',
    'sessions',
    ['migration'],
    'Sessions that waited behind the last attempt at a step: what the application felt of it.',
  ),
  bellows_index_build_progress_ratio: gauge(
    'postgres',
    'ratio',
    ['migration'],
    'How far an index build on a table of the migration is in its present phase, 0 to 1; a build has several. Absent while none runs.',
  ),
  bellows_invalid_indexes: gauge(
    'postgres',
    'none',
    ['migration'],
    'Indexes of the tables of the migration that are not valid: one that is being built, or the leftover of a build that failed.',
  ),
  bellows_postgres_up: gauge(
    'process',
    'none',
    [],
    'Whether the ledger could be read for this scrape within 2 seconds; at 0 everything that is read from PostgreSQL is absent.',
  ),
  bellows_postgres_errors_total: counter(
    'process',
    'none',
    ['operation', 'class'],
    'Errors of PostgreSQL by what was being done and by kind; most are tried again.',
  ),
  bellows_postgres_replication_lag_seconds: gauge(
    'postgres',
    'seconds',
    ['replica'],
    'How far a standby is behind in replaying, by its application name; absent for roles that may not read pg_stat_replication.',
  ),
  bellows_postgres_replication_lag_bytes: gauge(
    'postgres',
    'bytes',
    ['replica'],
    'WAL that a standby has not replayed, by its application name; absent for roles that may not read pg_stat_replication.',
  ),
  bellows_postgres_wal_bytes_total: counter(
    'postgres',
    'bytes',
    [],
    'WAL written by the whole server since it was made: an upper bound of what the backfill costs.',
  ),
  bellows_postgres_oldest_transaction_age_seconds: gauge(
    'postgres',
    'seconds',
    [],
    'Age of the oldest open transaction in this database that the role may see; it holds vacuum back, and DDL waits for it.',
  ),
  bellows_postgres_dead_tuples: gauge(
    'postgres',
    'tuples',
    ['migration'],
    'Dead rows of the tables of the migration as the statistics of the server estimate them.',
  ),
  bellows_postgres_table_size_bytes: gauge(
    'postgres',
    'bytes',
    ['migration'],
    'Heap size of the tables of the migration as of their last VACUUM or ANALYZE; no lock is taken to know it better.',
  ),
} as const;
