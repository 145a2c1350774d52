/** For each alert a story in which it fires, and one like it in which it must not. Values in promtool's notation, one a minute. */

export interface Story {
  /** Series -> values. */
  readonly series: Readonly<Record<string, string>>;
  /** When to look. */
  readonly at: string;
}
export interface AlertCase {
  readonly fires: Story;
  /** Labels of the alert beside its name and severity. */
  readonly labels: Readonly<Record<string, string>>;
  readonly quiet: Story;
}

const JOB = 'job="bellows"';
const OF = `${JOB}, migration="m"`;
const SERVE = `${OF}, instance="serve"`;
const WORKER = `${OF}, instance="worker"`;
const MIGRATION = { job: 'bellows', migration: 'm' } as const;

const BACKFILLING = {
  // 600 s and more behind the clock of the test, which begins at 0.
  [`bellows_backfill_last_commit_timestamp_seconds{${SERVE}}`]: '0x60',
  [`bellows_migration_phase{${SERVE}, phase="backfilling"}`]: '1x60',
  [`bellows_migration_paused{${SERVE}, by="operator"}`]: '0x60',
  [`bellows_throttle_active{${SERVE}, reason="operator"}`]: '0x60',
};
const WALKING_ONE_SLOT = {
  [`bellows_worker_slots_used{${JOB}, instance="worker"}`]: '1x30',
};
const checks = (of: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    ['serve', 'worker'].flatMap((instance) =>
      Object.entries(of).map(([check, value]) => [
        `bellows_gate_check_passing{${OF}, instance="${instance}", check="${check}"}`,
        `${value}x2000`,
      ]),
    ),
  );

export const CASES: Readonly<Record<string, AlertCase>> = {
  MigrationFailed: {
    fires: {
      series: {
        [`bellows_migration_phase{${SERVE}, phase="failed"}`]: '0 1x5',
        [`bellows_migration_phase{${WORKER}, phase="failed"}`]: '0 1x5',
      },
      at: '1m',
    },
    labels: MIGRATION,
    quiet: { series: { [`bellows_migration_phase{${SERVE}, phase="failed"}`]: '0x5' }, at: '5m' },
  },
  MigrationBackfillStalled: {
    fires: { series: BACKFILLING, at: '20m' },
    labels: MIGRATION,
    quiet: {
      series: { ...BACKFILLING, [`bellows_throttle_active{${WORKER}, reason="operator"}`]: '1x60' },
      at: '20m',
    },
  },
  MigrationThrottledTooLong: {
    fires: {
      series: { [`bellows_throttle_seconds_total{${SERVE}, reason="window"}`]: '0+58x200' },
      at: '150m',
    },
    labels: { ...MIGRATION, reason: 'window' },
    quiet: {
      series: { [`bellows_throttle_seconds_total{${SERVE}, reason="window"}`]: '0+40x200' },
      at: '150m',
    },
  },
  MigrationQuarantinedRows: {
    fires: { series: { [`bellows_backfill_quarantined_rows{${SERVE}}`]: '0 3x10' }, at: '7m' },
    labels: MIGRATION,
    quiet: { series: { [`bellows_backfill_quarantined_rows{${SERVE}}`]: '0 3x2 0x10' }, at: '7m' },
  },
  MigrationBatchErrorRate: {
    fires: {
      series: {
        [`bellows_backfill_batches_total{${WORKER}, outcome="committed"}`]: '0+60x30',
        [`bellows_backfill_batches_total{${WORKER}, outcome="retried"}`]: '0+6x30',
      },
      at: '20m',
    },
    labels: MIGRATION,
    quiet: {
      series: {
        [`bellows_backfill_batches_total{${WORKER}, outcome="committed"}`]: '0+60x30',
        [`bellows_backfill_batches_total{${WORKER}, outcome="retried"}`]: '0+2x30',
        [`bellows_backfill_batches_total{${WORKER}, outcome="split"}`]: '0+20x30',
      },
      at: '20m',
    },
  },
  MigrationDdlBlocked: {
    fires: {
      series: {
        [`bellows_ddl_blocking_sessions{${SERVE}}`]: '0x8 1x30',
        [`bellows_ddl_attempts_total{${SERVE}, step="expand/1", outcome="lock_timeout"}`]: '0x1 1+1x8 9x60',
      },
      at: '20m',
    },
    labels: MIGRATION,
    quiet: {
      series: {
        [`bellows_ddl_blocking_sessions{${SERVE}}`]: '1x8 0x30',
        [`bellows_ddl_attempts_total{${SERVE}, step="expand/1", outcome="lock_timeout"}`]: '0x1 1+1x5 6x60',
      },
      at: '20m',
    },
  },
  MigrationSessionsQueuedBehindDdl: {
    fires: { series: { [`bellows_ddl_queued_sessions{${SERVE}}`]: '0 9x5' }, at: '3m' },
    labels: MIGRATION,
    quiet: { series: { [`bellows_ddl_queued_sessions{${SERVE}}`]: '0 5x5' }, at: '3m' },
  },
  MigrationSyncTriggerMissing: {
    fires: {
      series: {
        [`bellows_sync_trigger_present{${SERVE}}`]: '1 0x5',
        // Read a moment earlier.
        [`bellows_sync_trigger_present{${WORKER}}`]: '1x5',
      },
      at: '1m',
    },
    labels: MIGRATION,
    quiet: { series: { [`bellows_sync_trigger_present{${SERVE}}`]: '1x3 _x5' }, at: '7m' },
  },
  MigrationVerifyMismatch: {
    fires: { series: { [`bellows_verify_mismatched_rows{${SERVE}}`]: '_ 2x5' }, at: '1m' },
    labels: MIGRATION,
    quiet: { series: { [`bellows_verify_mismatched_rows{${SERVE}}`]: '_ 0x5' }, at: '3m' },
  },
  MigrationInvalidIndex: {
    fires: { series: { [`bellows_invalid_indexes{${SERVE}}`]: '1x30' }, at: '15m' },
    labels: MIGRATION,
    quiet: {
      series: {
        [`bellows_invalid_indexes{${SERVE}}`]: '1x30',
        [`bellows_index_build_progress_ratio{${SERVE}}`]: '0+0.01x30',
      },
      at: '15m',
    },
  },
  MigrationGateWaiting: {
    fires: { series: checks({ approval: 0, values: 1 }), at: '25h' },
    labels: MIGRATION,
    quiet: { series: checks({ approval: 0, deployed: 0, values: 1 }), at: '25h' },
  },
  MigrationNoLeader: {
    fires: { series: { [`bellows_scheduler_leader{${JOB}, instance="serve"}`]: '1 0x9' }, at: '5m' },
    labels: { job: 'bellows' },
    quiet: {
      series: {
        [`bellows_scheduler_leader{${JOB}, instance="serve"}`]: '1 0x9',
        [`bellows_scheduler_leader{${JOB}, instance="standby"}`]: '0 1x9',
      },
      at: '5m',
    },
  },
  MigrationTwoLeaders: {
    fires: {
      series: {
        [`bellows_scheduler_leader{${JOB}, instance="one"}`]: '1x9',
        [`bellows_scheduler_leader{${JOB}, instance="two"}`]: '0 1x9',
      },
      at: '5m',
    },
    labels: { job: 'bellows' },
    quiet: {
      series: {
        [`bellows_scheduler_leader{${JOB}, instance="one"}`]: '1x9',
        'bellows_scheduler_leader{job="other database", instance="two"}': '1x9',
      },
      at: '5m',
    },
  },
  MigrationNoLiveWorkers: {
    fires: {
      series: {
        [`bellows_queue_jobs{${JOB}, instance="serve", state="waiting"}`]: '2x9',
        [`bellows_workers{${JOB}, instance="serve", state="live"}`]: '1 0x9',
      },
      at: '5m',
    },
    labels: { job: 'bellows' },
    quiet: {
      series: {
        [`bellows_queue_jobs{${JOB}, instance="serve", state="waiting"}`]: '2x9',
        [`bellows_workers{${JOB}, instance="serve", state="live"}`]: '1x9',
        [`bellows_workers{${JOB}, instance="serve", state="stale"}`]: '2x9',
      },
      at: '5m',
    },
  },
  MigrationWorkerWedged: {
    fires: {
      series: {
        ...WALKING_ONE_SLOT,
        [`bellows_worker_last_progress_timestamp_seconds{${JOB}, instance="worker"}`]: '0x30',
      },
      at: '10m',
    },
    labels: { job: 'bellows', instance: 'worker' },
    quiet: {
      series: {
        ...WALKING_ONE_SLOT,
        [`bellows_worker_last_progress_timestamp_seconds{${JOB}, instance="worker"}`]: '0+60x30',
        [`bellows_worker_slots_used{${JOB}, instance="idle"}`]: '0x30',
        [`bellows_worker_last_progress_timestamp_seconds{${JOB}, instance="idle"}`]: '0x30',
      },
      at: '10m',
    },
  },
  MigrationReplicaLagNotThrottled: {
    fires: {
      series: {
        [`bellows_throttle_utilization_ratio{${WORKER}, reason="replication_lag"}`]: '0.5 1.4x9',
        [`bellows_throttle_active{${SERVE}, reason="replication_lag"}`]: '0x9',
      },
      at: '5m',
    },
    labels: MIGRATION,
    quiet: {
      series: {
        [`bellows_throttle_utilization_ratio{${WORKER}, reason="replication_lag"}`]: '0.5 1.4x9',
        [`bellows_throttle_active{${SERVE}, reason="replication_lag"}`]: '0 1x9',
      },
      at: '5m',
    },
  },
  MigrationMetricsAbsent: {
    fires: { series: { 'up{job="bellows"}': '0x20' }, at: '10m' },
    labels: {},
    quiet: { series: { 'bellows_build_info{job="bellows"}': '1x20' }, at: '10m' },
  },
};
