import { graph, stat } from '../panels.js';
import { instant, range, rate, same, select, total } from '../query.js';
import type { Section } from '../section.js';

export const errorRow: Section = {
  title: 'Errors',
  panels: [
    graph({
      title: 'PostgreSQL errors',
      description:
        'Errors per second by kind. Good: none, or a few lock_timeout, which are tried again. Connection: the server or a pooler ends sessions; permission: a grant is missing.',
      unit: 'ops',
      width: 8,
      queries: [
        range(
          'A',
          `${total('operation, class', rate(select('bellows_postgres_errors_total')))} > 0`,
          '{{operation}} {{class}}',
        ),
      ],
    }),
    stat({
      title: 'Rows in quarantine',
      description:
        'Rows that the mapping failed on; the gate stays shut until each is retried or skipped. Good: 0. `bellows quarantine list <id>` names them.',
      unit: 'none',
      width: 8,
      queries: [instant('A', same('migration', 'bellows_backfill_quarantined_rows'), '{{migration}}')],
      noValue: 'no backfill',
      steps: [
        { value: null, color: 'green' },
        { value: 1, color: 'red' },
      ],
    }),
    graph({
      title: 'Jobs delivered again',
      description:
        'Jobs that came once more, by cause. Good: none, or a few after a deploy or a restart of the queue. Rows take effect once all the same.',
      unit: 'ops',
      width: 8,
      queries: [
        range('A', `${total('cause', rate(select('bellows_queue_redeliveries_total')))} > 0`, '{{cause}}'),
      ],
    }),
  ],
};
