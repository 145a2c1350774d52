/** What the database and the application feel of a migration. */

import { graph, stat, timeline, words } from '../panels.js';
import { increase, instant, range, rate, same, select } from '../query.js';
import type { Section } from '../section.js';

const PRESENT = words({ 0: { text: 'missing', color: 'red' }, 1: { text: 'present', color: 'green' } });
const HOLDING = words({ 0: { text: 'free', color: 'green' }, 1: { text: 'held', color: 'orange' } });

export const safetyRow: Section = {
  title: 'Is it safe for the application?',
  panels: [
    timeline({
      title: 'Holds',
      description:
        'When a signal held the backfill. Good: mostly free. Long bands mean that the database has no room for the backfill; nothing is wrong with the migration.',
      unit: 'none',
      width: 8,
      queries: [
        range(
          'A',
          `${same('migration, reason', 'bellows_throttle_active')} and on (migration, reason) (max_over_time(${select('bellows_throttle_active')}[$__range]) == 1)`,
          '{{migration}} {{reason}}',
        ),
      ],
      mappings: [HOLDING],
    }),
    graph({
      title: 'Time lost to holds',
      description:
        'Share of the time for which each signal held the backfill; it answers "why so slow". Good: below 20 % in sum. Near 100 % for hours: raise the limit, choose a quieter time, or find what loads the database.',
      unit: 'percentunit',
      width: 8,
      stacked: true,
      queries: [
        range(
          'A',
          `max by (migration, reason) (${rate(select('bellows_throttle_seconds_total'))}) > 0`,
          '{{migration}} {{reason}}',
        ),
      ],
    }),
    graph({
      title: 'Signals against their limits',
      description:
        'The value of each signal over its limit. Good: below 0.7. At 1 it holds the backfill, and lets it go by itself below.',
      unit: 'percentunit',
      width: 8,
      queries: [
        range(
          'A',
          same('migration, reason', 'bellows_throttle_utilization_ratio'),
          '{{migration}} {{reason}}',
        ),
      ],
    }),
    graph({
      title: 'Replication lag',
      description:
        'How far each standby is behind in replaying. Good: below a few seconds. If it grows with the backfill: a lower `rowsPerSecond`, or fewer workers.',
      unit: 's',
      width: 8,
      queries: [range('A', same('replica', 'bellows_postgres_replication_lag_seconds'), '{{replica}}')],
    }),
    graph({
      title: 'Replication lag in bytes',
      description:
        'WAL that each standby has not replayed. Good: near 0. It grows also where the standby is gone, and the disk of the primary fills.',
      unit: 'bytes',
      width: 8,
      queries: [range('A', same('replica', 'bellows_postgres_replication_lag_bytes'), '{{replica}}')],
    }),
    graph({
      title: 'WAL of the server',
      description:
        'WAL that the whole server writes: what the backfill costs is at most the rise while it runs. Good: well below what standbys and the archive can carry.',
      unit: 'Bps',
      width: 8,
      queries: [range('A', `max(${rate(select('bellows_postgres_wal_bytes_total'))})`, 'WAL')],
    }),
    graph({
      title: 'Dead rows',
      description:
        'Dead rows of the tables of the migration, as the server estimates them. Good: a saw: it rises and vacuum takes it down. Rising only: something holds vacuum back, look at the oldest transaction.',
      unit: 'short',
      width: 5,
      queries: [range('A', same('migration', 'bellows_postgres_dead_tuples'), '{{migration}}')],
    }),
    graph({
      title: 'Vacuum of the walk',
      description:
        'Vacuums that the leader runs as the walk goes, and the share of the time that they take. Good: one for each tenth of the table, below a fifth of the time.',
      unit: 'none',
      width: 5,
      queries: [
        range(
          'A',
          `max by (migration) (${increase(select('bellows_backfill_vacuums_total'))})`,
          '{{migration}} vacuums',
        ),
        range(
          'B',
          `max by (migration) (${rate(select('bellows_backfill_vacuum_seconds_total'))})`,
          '{{migration}} share of the time',
        ),
      ],
    }),
    graph({
      title: 'Size of the tables',
      description:
        'Heap of the tables of the migration, as of their last VACUUM or ANALYZE. Good: it grows by a part, not by a multiple.',
      unit: 'bytes',
      width: 5,
      queries: [range('A', same('migration', 'bellows_postgres_table_size_bytes'), '{{migration}}')],
    }),
    graph({
      title: 'Oldest transaction',
      description:
        'Age of the oldest open transaction. Good: minutes at most. Vacuum can take nothing away that is younger, and index builds wait for its end.',
      unit: 's',
      width: 5,
      queries: [
        range('A', `max(${select('bellows_postgres_oldest_transaction_age_seconds')})`, 'oldest transaction'),
      ],
    }),
    stat({
      title: 'Sync triggers',
      description:
        'Whether the triggers that keep both shapes equal stand and always fire. Good: present. Missing: writes pass unseen since then; `bellows gate <id>` says what to do.',
      unit: 'none',
      width: 4,
      queries: [
        instant('A', `min by (migration) (${select('bellows_sync_trigger_present')})`, '{{migration}}'),
      ],
      noValue: 'none needed now',
      mappings: [PRESENT],
    }),
  ],
};
