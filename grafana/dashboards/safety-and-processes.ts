/** What the application feels of a migration, and the processes that do the work. */

import { graph, stat, timeline, words } from './panels.js';
import { instant, quantile, range, rate, same, select, total } from './query.js';
import type { Section } from './section.js';

const HOLDING = words({ 0: { text: 'free', color: 'green' }, 1: { text: 'held', color: 'orange' } });

export const safetyRow: Section = {
  title: 'Is it safe for the application?',
  panels: [
    timeline({
      title: 'Holds',
      description:
        'When a signal held the backfill. Good: mostly free. Long bands mean that the database has no room for the backfill; nothing is wrong with the migration.',
      unit: 'none',
      width: 6,
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
      width: 6,
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
      title: 'DDL: lock waits and holds',
      description:
        '95th percentile of how long DDL waited for its table locks, and held them. Both are what the application may have felt. Good: wait plus hold below 0.5 s; waits that end as timeout are given up and tried again.',
      unit: 's',
      width: 6,
      queries: [
        range('A', quantile(0.95, 'outcome', 'bellows_ddl_lock_wait_seconds'), 'wait, {{outcome}}'),
        range('B', quantile(0.95, '', 'bellows_ddl_lock_held_seconds'), 'held'),
      ],
    }),
    graph({
      title: 'DDL: attempts',
      description:
        'Attempts at DDL steps by outcome. Good: one ok for each step. A row of lock_timeout: a session holds the table; `bellows status <id>` names it.',
      unit: 'none',
      width: 6,
      queries: [
        range(
          'A',
          `${total('migration, outcome', `increase(${select('bellows_ddl_attempts_total')}[$__rate_interval])`)} > 0`,
          '{{migration}} {{outcome}}',
        ),
      ],
    }),
  ],
};

export const processRow: Section = {
  title: 'Processes, queue, errors',
  collapsed: true,
  panels: [
    stat({
      title: 'Leaders',
      description: 'Processes that lead. Good: exactly 1, also a few seconds after a restart.',
      unit: 'none',
      width: 3,
      queries: [instant('A', total('', select('bellows_scheduler_leader')), 'leaders')],
      noValue: 'no process',
      steps: [
        { value: null, color: 'red' },
        { value: 1, color: 'green' },
        { value: 2, color: 'red' },
      ],
    }),
    graph({
      title: 'Workers',
      description:
        'Workers by their heartbeat. Good: none stale; a stale one was killed or cannot reach PostgreSQL.',
      unit: 'none',
      width: 7,
      queries: [range('A', same('state', 'bellows_workers'), '{{state}}')],
    }),
    graph({
      title: 'Jobs in the queue',
      description: 'Jobs by state. Good: waiting falls while workers are live; failed stays 0.',
      unit: 'none',
      width: 7,
      queries: [range('A', same('state', 'bellows_queue_jobs'), '{{state}}')],
    }),
    graph({
      title: 'PostgreSQL errors',
      description:
        'Errors per second by kind. Good: none, or a few lock_timeout, which are tried again. Connection: the server or a pooler ends sessions; permission: a grant is missing.',
      unit: 'ops',
      width: 7,
      queries: [
        range(
          'A',
          `${total('operation, class', rate(select('bellows_postgres_errors_total')))} > 0`,
          '{{operation}} {{class}}',
        ),
      ],
    }),
  ],
};
