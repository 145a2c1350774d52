/** The batches of the backfill, and the checks before the contract. */

import { graph, heatmap, stat, timeline, words } from './panels.js';
import { bucketsOf, heat, instant, mean, quantile, range, rate, same, select, total } from './query.js';
import type { Section } from './section.js';

const GOOD_IS_ZERO = [
  { value: null, color: 'green' },
  { value: 1, color: 'red' },
] as const;
const PASSING = words({
  0: { text: 'failing', color: 'red' },
  1: { text: 'passing', color: 'green' },
});

export const batchRow: Section = {
  title: 'Batches',
  panels: [
    heatmap({
      title: 'Duration of batches',
      description:
        'How many batches took how long. Good: one narrow band around the target. A second band above it: locks, checkpoints or a slow trigger.',
      unit: 's',
      width: 6,
      queries: [
        heat(
          'A',
          `sum by (le) (increase(${bucketsOf('bellows_backfill_batch_duration_seconds')}[$__rate_interval]))`,
        ),
      ],
    }),
    graph({
      title: 'Duration of batches against the target',
      description:
        'p50, p95 and p99 against the target (dashed) that batches are sized for. Good: p50 below the target, p99 below five times of it.',
      unit: 's',
      width: 6,
      queries: [
        range(
          'A',
          quantile(0.5, 'migration', 'bellows_backfill_batch_duration_seconds'),
          '{{migration}} p50',
        ),
        range(
          'B',
          quantile(0.95, 'migration', 'bellows_backfill_batch_duration_seconds'),
          '{{migration}} p95',
        ),
        range(
          'C',
          quantile(0.99, 'migration', 'bellows_backfill_batch_duration_seconds'),
          '{{migration}} p99',
        ),
        range('D', same('migration', 'bellows_backfill_batch_target_seconds'), '{{migration}} target'),
      ],
      limits: '/ target$/',
    }),
    graph({
      title: 'Rows per batch',
      description:
        'Mean and p95 of the rows of a batch; the size follows the target duration. Good: it grows, then stays. Falling to a few rows: batches are slow or meet locked rows.',
      unit: 'short',
      width: 6,
      queries: [
        range('A', mean('migration', 'bellows_backfill_batch_rows'), '{{migration}} mean'),
        range('B', quantile(0.95, 'migration', 'bellows_backfill_batch_rows'), '{{migration}} p95'),
      ],
    }),
    graph({
      title: 'Batches by outcome',
      description:
        'Batches per second by how they ended. Good: nearly all committed. Retried: locks of the application; split: too slow, or a bad row is looked for; fenced: another process took over.',
      unit: 'ops',
      width: 6,
      stacked: true,
      queries: [
        range(
          'A',
          `${total('migration, outcome', rate(select('bellows_backfill_batches_total')))} > 0`,
          '{{migration}} {{outcome}}',
        ),
      ],
    }),
  ],
};

export const gateRow: Section = {
  title: 'Gate',
  panels: [
    timeline({
      title: 'Checks',
      description:
        'Each check of the gate, for migrations that stand at it. Good: all passing; the approval comes last. What is not known or older than 5 minutes counts as failing.',
      unit: 'none',
      width: 16,
      queries: [
        range('A', same('migration, check', 'bellows_gate_check_passing'), '{{migration}} {{check}}'),
      ],
      mappings: [PASSING],
    }),
    stat({
      title: 'Rows in quarantine',
      description:
        'Rows that the mapping failed on; the gate stays shut until each is retried or skipped. Good: 0. `bellows quarantine list <id>` names them.',
      unit: 'none',
      width: 4,
      queries: [instant('A', same('migration', 'bellows_backfill_quarantined_rows'), '{{migration}}')],
      noValue: 'no backfill',
      steps: GOOD_IS_ZERO,
    }),
    stat({
      title: 'Last commit',
      description:
        'When the last batch was committed. Good while backfilling: less than a minute ago, unless a signal holds it.',
      unit: 'dateTimeFromNow',
      width: 4,
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
