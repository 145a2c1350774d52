/** One question: which migration needs somebody? */
import { dashboardOf } from './dashboard.js';
import { graph, stat, table, timeline } from './panels.js';
import { cell, instant, range, rate, same, select, total } from './query.js';
import type { Section } from './section.js';
import { CONCERN, CONCERN_WORDS, HOLD, HOLD_WORDS, NEEDS_SOMEBODY, PHASE, PHASE_WORDS } from './states.js';

const ROWS_PER_SECOND = total('migration', rate(select('bellows_backfill_rows_total', 'outcome="updated"')));
const inPhase = (phase: string) =>
  `sum(max by (migration) (${select('bellows_migration_phase', `phase="${phase}"`)}))`;
const GOOD_IS_ZERO = [
  { value: null, color: 'green' },
  { value: 1, color: 'red' },
] as const;
const DETAIL = {
  title: 'This migration',
  url: `/d/bellows-migration?var-migration=\${__data.fields.Migration}&\${datasource:queryparam}&\${__url_time_range}`,
};

const now: Section = {
  title: 'Now',
  panels: [
    stat({
      title: 'Need somebody',
      description:
        'Migrations that do not go on by themselves: failed, paused, rows in quarantine, values that differ, a lock that does not come. Good: 0. The table says which, worst first.',
      unit: 'none',
      width: 6,
      queries: [instant('A', `count((${CONCERN}) <= ${NEEDS_SOMEBODY}) or vector(0)`, 'migrations')],
      noValue: '0',
      steps: GOOD_IS_ZERO,
    }),
    stat({
      title: 'Backfilling',
      description:
        'Migrations whose rows are being moved. Good: as many as you began; one for each table at a time.',
      unit: 'none',
      width: 6,
      queries: [instant('A', inPhase('backfilling'), 'migrations')],
      noValue: 'no migration',
    }),
    stat({
      title: 'At the gate',
      description:
        'Migrations that are safe to stay as they are and wait for their checks or for an approval. Good: few, and not for weeks: each costs the triggers on every write.',
      unit: 'none',
      width: 6,
      queries: [instant('A', inPhase('gated'), 'migrations')],
      noValue: 'no migration',
    }),
    stat({
      title: 'Rows per second',
      description:
        'Rows that all workers update now. Good: steady while something is backfilling. 0 while something is: look at the column "Held by", then at the dashboard of the workers.',
      unit: 'cps',
      width: 6,
      queries: [
        instant('A', total('', rate(select('bellows_backfill_rows_total', 'outcome="updated"'))), 'rows'),
      ],
      noValue: 'no worker',
    }),
    table({
      title: 'Migrations, worst first',
      description:
        'Every migration that is under way or ended within the last day. Good: at work, held for a moment, at the gate, done. What is red or orange waits for somebody: the name leads to the migration, and `bellows status <id>` says what to do.',
      unit: 'none',
      width: 24,
      key: { label: 'migration', title: 'Migration', link: DETAIL },
      sortBy: 'Attention',
      columns: [
        { title: 'Attention', query: cell('A', CONCERN), mapping: CONCERN_WORDS },
        { title: 'Phase', query: cell('B', PHASE), mapping: PHASE_WORDS },
        {
          title: 'Progress',
          query: cell('C', same('migration', 'bellows_backfill_progress_ratio')),
          unit: 'percentunit',
        },
        { title: 'Rows per second', query: cell('D', ROWS_PER_SECOND), unit: 'cps' },
        {
          title: 'Time left',
          query: cell('E', same('migration', 'bellows_backfill_eta_seconds')),
          unit: 's',
        },
        { title: 'Held by', query: cell('F', HOLD), mapping: HOLD_WORDS },
        {
          title: 'Gate checks failing',
          query: cell(
            'G',
            `count by (migration) (${same('migration, check', 'bellows_gate_check_passing')} == 0)`,
          ),
        },
        {
          title: 'In quarantine',
          query: cell('H', same('migration', 'bellows_backfill_quarantined_rows')),
        },
      ],
    }),
  ],
};

const overTime: Section = {
  title: 'Over time',
  panels: [
    timeline({
      title: 'Phases',
      description:
        'The phases of all migrations. Good: short expanding and contracting; backfilling and the wait at the gate may last days.',
      unit: 'none',
      width: 12,
      queries: [range('A', PHASE, '{{migration}}')],
      mappings: [PHASE_WORDS],
    }),
    graph({
      title: 'Rows per second by migration',
      description: 'Rows that the workers update. Good: steady while backfilling; what is held falls to 0.',
      unit: 'cps',
      width: 6,
      stacked: true,
      queries: [range('A', ROWS_PER_SECOND, '{{migration}}')],
    }),
    graph({
      title: 'Time lost to holds by reason',
      description:
        'Share of the time for which each signal held backfills, the worst migration. Good: below 20 %. Near 100 % for hours: the database has no room for it at this time.',
      unit: 'percentunit',
      width: 6,
      queries: [
        range('A', `max by (reason) (${rate(select('bellows_throttle_seconds_total'))}) > 0`, '{{reason}}'),
      ],
    }),
  ],
};

export const fleetDashboard = () =>
  dashboardOf({
    uid: 'bellows-fleet',
    title: 'Bellows / Fleet',
    description: 'Every migration in a row, worst first: which one needs somebody, and why.',
    sections: [now, overTime],
  });
