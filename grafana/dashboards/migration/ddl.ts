/** Steps of DDL: the locks that they wait for and hold, and the indexes that they build. */
import { graph } from '../panels.js';
import { increase, quantile, range, same, select, total } from '../query.js';
import type { Section } from '../section.js';

export const ddlRow: Section = {
  title: 'Locks and DDL',
  panels: [
    graph({
      title: 'DDL: attempts',
      description:
        'Attempts at DDL steps by outcome. Good: one ok for each step. A row of lock_timeout: a session holds the table; `bellows status <id>` names it.',
      unit: 'none',
      width: 8,
      queries: [
        range(
          'A',
          `${total('migration, outcome', increase(select('bellows_ddl_attempts_total')))} > 0`,
          '{{migration}} {{outcome}}',
        ),
      ],
    }),
    graph({
      title: 'DDL: lock waits and holds',
      description:
        '95th percentile of how long DDL waited for its table locks, and held them. Both are what the application may have felt. Good: wait plus hold below 0.5 s; waits that end as timeout are given up and tried again.',
      unit: 's',
      width: 8,
      queries: [
        range('A', quantile(0.95, 'outcome', 'bellows_ddl_lock_wait_seconds'), 'wait, {{outcome}}'),
        range('B', quantile(0.95, '', 'bellows_ddl_lock_held_seconds'), 'held'),
      ],
    }),
    graph({
      title: 'Sessions in the way, and behind',
      description:
        'Sessions that block a step, and sessions that waited behind its last attempt. Good: 0 and 0. Queued is what the application feels: an attempt gives up after half a second for its sake.',
      unit: 'none',
      width: 8,
      queries: [
        range('A', same('migration', 'bellows_ddl_blocking_sessions'), '{{migration}} blocking'),
        range('B', same('migration', 'bellows_ddl_queued_sessions'), '{{migration}} queued'),
      ],
    }),
    graph({
      title: 'Index builds',
      description:
        'How far an index build is in its present phase; a build goes through several, and starts at 0 in each. Good: it moves. Standing still: it waits for an old transaction.',
      unit: 'percentunit',
      width: 8,
      max: 1,
      queries: [range('A', same('migration', 'bellows_index_build_progress_ratio'), '{{migration}}')],
    }),
    graph({
      title: 'Invalid indexes',
      description:
        'Indexes of the tables that are not valid. Good: 0, and 1 while one is being built. More, or for long: leftovers of builds that failed; Bellows builds its own again.',
      unit: 'none',
      width: 8,
      queries: [range('A', same('migration', 'bellows_invalid_indexes'), '{{migration}}')],
    }),
    graph({
      title: 'Duration of steps',
      description:
        'From the first attempt at a step to its end, waiting included. Good: seconds for short transactions; index builds and validations take as long as the table is large.',
      unit: 's',
      width: 8,
      queries: [
        range('A', same('migration, step', 'bellows_ddl_duration_seconds'), '{{migration}} {{step}}'),
      ],
    }),
  ],
};
