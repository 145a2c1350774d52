/** The batches of the backfill. */

import { graph, heatmap } from '../panels.js';
import { bucketsOf, heat, mean, quantile, range, rate, same, select, total } from '../query.js';
import type { Section } from '../section.js';

export const batchRow: Section = {
  title: 'Batches',
  panels: [
    heatmap({
      title: 'Duration of batches',
      description:
        'How many batches took how long. Good: one narrow band around the target. A second band above it: locks, checkpoints or a slow trigger.',
      unit: 's',
      width: 8,
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
      width: 8,
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
        'Mean and p95 of the rows of a batch, and the median of the last 30 seconds; the size follows the target duration. Good: it grows, then stays. Falling to a few rows: batches are slow or meet locked rows.',
      unit: 'short',
      width: 8,
      queries: [
        range('A', mean('migration', 'bellows_backfill_batch_rows'), '{{migration}} mean'),
        range('B', quantile(0.95, 'migration', 'bellows_backfill_batch_rows'), '{{migration}} p95'),
        range('C', same('migration', 'bellows_backfill_batch_target_rows'), '{{migration}} now'),
      ],
    }),
    graph({
      title: 'Batches by outcome',
      description:
        'Batches per second by how they ended. Good: nearly all committed. Retried: locks of the application; split: too slow, or a bad row is looked for; fenced: another process took over.',
      unit: 'ops',
      width: 12,
      stacked: true,
      queries: [
        range(
          'A',
          `${total('migration, outcome', rate(select('bellows_backfill_batches_total')))} > 0`,
          '{{migration}} {{outcome}}',
        ),
      ],
    }),
    graph({
      title: 'Batches in flight against the limit',
      description:
        'Ranges that live workers walk now, against the concurrency of now and the most that is allowed (dashed). Good: at the limit while backfilling. Below it: too few workers, or slots used by other migrations.',
      unit: 'none',
      width: 12,
      queries: [
        range('A', same('migration', 'bellows_backfill_batches_in_flight'), '{{migration}} in flight'),
        range('B', same('migration', 'bellows_backfill_concurrency_limit'), '{{migration}} limit'),
        range('C', same('migration', 'bellows_backfill_concurrency_ceiling'), '{{migration}} ceiling'),
      ],
      limits: '/ (limit|ceiling)$/',
    }),
    graph({
      title: 'Stages of transforms, p95',
      description:
        'What batches of TypeScript transforms spend their time on; the three overlap. Good: transform is the longest, then the database hardly waits. A long write: locks, or triggers of the table.',
      unit: 's',
      width: 24,
      queries: [
        range('A', quantile(0.95, 'stage', 'bellows_backfill_batch_stage_duration_seconds'), '{{stage}}'),
      ],
    }),
  ],
};
