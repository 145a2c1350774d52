/** Queue, workers, leader, and the metrics themselves. */
import { counter, gauge, histogram, SECONDS } from './spec.js';

export const PROCESSES = {
  bellows_build_info: gauge(
    'process',
    'none',
    ['version', 'node_version'],
    'Which build of Bellows runs; always 1.',
  ),
  bellows_redis_up: gauge(
    'queue',
    'none',
    [],
    'Whether Redis answered for this scrape within 2 seconds; only where the queue is on Redis. At 0 work is delayed, not lost.',
  ),
  bellows_queue_jobs: gauge(
    'queue',
    'jobs',
    ['state'],
    'Jobs in the queue by state; absent while the queue cannot be reached.',
  ),
  bellows_queue_oldest_wait_seconds: gauge(
    'postgres',
    'seconds',
    [],
    'For how long the oldest job has waited that no worker took, by the ledger; 0 where none waits.',
  ),
  bellows_queue_wait_seconds: histogram(
    'seconds',
    [],
    SECONDS,
    'How long jobs waited in the queue before a worker of this process took them.',
  ),
  bellows_queue_redeliveries_total: counter(
    'process',
    'none',
    ['cause'],
    'Jobs delivered once more than needed: stalled (its worker fell silent), reconciled (the queue lost it), stale (its range was not to be walked). Rows take effect once all the same.',
  ),
  bellows_workers: gauge(
    'postgres',
    'none',
    ['state'],
    'Workers by their heartbeat: live, or stale where nothing was heard for 10 seconds.',
  ),
  bellows_worker_slots: gauge(
    'process',
    'none',
    [],
    'Ranges that this worker may walk at a time; absent in processes that are no worker.',
  ),
  bellows_worker_slots_used: gauge(
    'process',
    'none',
    [],
    'Ranges that this worker walks now; absent in processes that are no worker.',
  ),
  bellows_worker_last_progress_timestamp_seconds: gauge(
    'process',
    'seconds',
    [],
    'When this worker last took a job, committed a batch or ended a job, seconds since 1970 by its own clock; a job ends after about 20 seconds, also while it is held.',
  ),
  bellows_scheduler_leader: gauge(
    'process',
    'none',
    [],
    'Whether this process leads; the sum over all processes is 1.',
  ),
  bellows_scheduler_leader_epoch: gauge(
    'postgres',
    'none',
    [],
    'The number of the present lease: it rises with each change of the leader, and fences out the one before.',
  ),
  bellows_scheduler_last_tick_timestamp_seconds: gauge(
    'process',
    'seconds',
    [],
    'When the loop of this scheduler last turned, seconds since 1970 by its own clock; absent in processes that are none.',
  ),
  bellows_collector_duration_seconds: gauge(
    'process',
    'seconds',
    ['collector'],
    'How long the last reading of PostgreSQL or of the queue took.',
  ),
  bellows_collector_errors_total: counter(
    'process',
    'none',
    ['collector'],
    'Readings that failed or took longer than 2 seconds.',
  ),
  bellows_log_messages_total: counter(
    'process',
    'none',
    ['level'],
    'Events by the level of their line in the log, whether or not the chosen level shows them.',
  ),
  bellows_audit_events_total: counter(
    'postgres',
    'none',
    ['action'],
    'Entries of the append-only history by what was done; who and why is in the history.',
  ),
} as const;
