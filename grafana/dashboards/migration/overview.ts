/** Where a migration stands, and how it got there. */

import { graph, stat, timeline } from '../panels.js';
import { increase, instant, range, rate, same, select, total } from '../query.js';
import type { Section } from '../section.js';
import { PHASE, PHASE_WORDS } from '../states.js';

const ROWS_PER_SECOND = total('migration', rate(select('bellows_backfill_rows_total', 'outcome="updated"')));

export const overview: Section = {
  title: 'Now',
  panels: [
    stat({
      title: 'Phase',
      description:
        'Where the migration stands. Good: it moves from left to right of pending, expanding, backfilling, settling, gated, contracting, done; waiting at the gate is normal. Failed: `bellows status <id>` says why and what to do next. A paused migration shows the phase that it left.',
      unit: 'none',
      width: 4,
      queries: [instant('A', PHASE, '{{migration}}')],
      noValue: 'no migration',
      mappings: [PHASE_WORDS],
    }),
    stat({
      title: 'Progress',
      description:
        'Share of the blocks that the walk has passed; it rests on no estimate and never goes above 100 %. Good: it rises. It may fall when a table was rewritten (VACUUM FULL, pg_repack) and is walked again.',
      unit: 'percentunit',
      width: 3,
      queries: [instant('A', same('migration', 'bellows_backfill_progress_ratio'), '{{migration}}')],
      noValue: 'no walk yet',
    }),
    stat({
      title: 'Time left',
      description:
        'At the pace of the last 10 minutes, holds included. Good: it falls about as fast as the clock runs. Nothing is shown before 1 % or 20 batches, and while nothing moves.',
      unit: 's',
      width: 3,
      queries: [instant('A', same('migration', 'bellows_backfill_eta_seconds'), '{{migration}}')],
      noValue: 'not backfilling, or measuring',
    }),
    stat({
      title: 'Rows per second',
      description:
        'Rows that the workers update now. Good: steady while backfilling. At 0 while backfilling: look at "Held by", then at the workers.',
      unit: 'cps',
      width: 3,
      queries: [instant('A', ROWS_PER_SECOND, '{{migration}}')],
      noValue: 'no worker',
    }),
    stat({
      title: 'Held by',
      description:
        'The signals that hold the backfill now, and who paused it. Good: nothing. A hold releases itself, a pause does not; `bellows status <id>` says the value, the limit and what releases it.',
      unit: 'none',
      width: 3,
      queries: [
        instant('A', `${same('migration, reason', 'bellows_throttle_active')} == 1`, '{{reason}}'),
        instant('B', `${same('migration, by', 'bellows_migration_paused')} == 1`, 'paused by {{by}}'),
      ],
      noValue: 'nothing',
      names: true,
      steps: [{ value: null, color: 'orange' }],
    }),
    stat({
      title: 'Gate checks failing',
      description:
        'Checks that hold the gate shut, for migrations that stand at it. Good: 0, or 1 while only the approval is missing. `bellows gate <id>` names each with its evidence.',
      unit: 'none',
      width: 3,
      queries: [
        instant(
          'A',
          `count by (migration) (${same('migration, check', 'bellows_gate_check_passing')} == 0) or (${same('migration', 'bellows_gate_open')} - 1)`,
          '{{migration}}',
        ),
      ],
      noValue: 'not at the gate',
      steps: [
        { value: null, color: 'green' },
        { value: 1, color: 'yellow' },
      ],
    }),
    stat({
      title: 'Blocking sessions',
      description:
        'Sessions that hold a lock which a step of DDL waits for. Good: 0. `bellows status <id>` names them with age and query; `bellows kill <pid>` ends one.',
      unit: 'none',
      width: 3,
      queries: [instant('A', same('migration', 'bellows_ddl_blocking_sessions'), '{{migration}}')],
      noValue: 'no migration',
      steps: [
        { value: null, color: 'green' },
        { value: 1, color: 'orange' },
      ],
    }),
    stat({
      title: 'Live workers',
      description:
        'Workers that were heard of within 10 seconds. Good: at least one while anything is backfilling.',
      unit: 'none',
      width: 2,
      queries: [instant('A', `max(${select('bellows_workers', 'state="live"')})`, 'workers')],
      noValue: 'unknown',
    }),
  ],
};

export const progressRow: Section = {
  title: 'Progress',
  panels: [
    graph({
      title: 'Rows done, expected and remaining',
      description:
        'Rows moved, from the ledger, against the estimate of the planner (dashed), and what is left by it. Good: done rises to about the estimate. Expected may be off by a fifth or more; the share of blocks is exact.',
      unit: 'short',
      width: 8,
      queries: [
        range('A', same('migration', 'bellows_backfill_rows_done'), '{{migration}} done'),
        range('B', same('migration', 'bellows_backfill_rows_expected'), '{{migration}} expected'),
        range('C', same('migration', 'bellows_backfill_rows_remaining'), '{{migration}} remaining'),
      ],
      limits: '/ expected$/',
    }),
    graph({
      title: 'Rows per second by outcome',
      description:
        'Rows updated, and rows put into quarantine because the mapping failed on them; dashed the cap, where there is one. Good: no quarantined rows; `bellows quarantine list <id>` names them.',
      unit: 'cps',
      width: 8,
      queries: [
        range(
          'A',
          total('migration, outcome', rate(select('bellows_backfill_rows_total'))),
          '{{migration}} {{outcome}}',
        ),
        range('B', same('migration', 'bellows_backfill_rows_per_second_limit'), '{{migration}} cap'),
      ],
      limits: '/ cap$/',
    }),
    timeline({
      title: 'Phases',
      description:
        'The phases over time. Good: short expanding and contracting; backfilling and the wait at the gate may last days. Back from settling or gated to backfilling: rows became pending again, the history says why.',
      unit: 'none',
      width: 8,
      queries: [range('A', PHASE, '{{migration}}')],
      mappings: [PHASE_WORDS],
    }),
    graph({
      title: 'Time in each phase',
      description:
        'How long the migration has been in each phase, all visits together. Good: expanding and contracting for seconds; at the gate for as long as deploys take.',
      unit: 's',
      width: 12,
      queries: [
        range(
          'A',
          same('migration, phase', 'bellows_migration_phase_duration_seconds'),
          '{{migration}} {{phase}}',
        ),
      ],
    }),
    graph({
      title: 'Changes of state',
      description:
        'How often states were entered. Good: each once; several of backfilling or settling mean that rows became pending again, `bellows history <id>` says why.',
      unit: 'none',
      width: 6,
      queries: [
        range(
          'A',
          `${total('migration, to', increase(select('bellows_migration_transitions_total')))} > 0`,
          '{{migration}} to {{to}}',
        ),
      ],
    }),
    stat({
      title: 'Last commit',
      description:
        'When the last batch was committed. Good while backfilling: less than a minute ago, unless a signal holds it.',
      unit: 'dateTimeFromNow',
      width: 6,
      queries: [
        instant(
          'A',
          `${same('migration', 'bellows_backfill_last_commit_timestamp_seconds')} * 1000`,
          '{{migration}}',
        ),
      ],
      noValue: 'no batch',
    }),
  ],
};
