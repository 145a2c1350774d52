/** Jobs on their way from the ledger to a worker. */
import { graph, heatmap, stat, words } from '../panels.js';
import { LEADERS, QUEUE_JOBS, WORKERS } from '../process-panels.js';
import { bucketsOf, heat, increase, instant, quantile, range, rate, same, select, total } from '../query.js';
import type { Section } from '../section.js';

const UP = words({ 0: { text: 'down', color: 'red' }, 1: { text: 'up', color: 'green' } });

export const processesNow: Section = {
  title: 'Now',
  panels: [
    LEADERS(4),
    stat({
      title: 'PostgreSQL and Redis',
      description:
        'Whether each process reaches PostgreSQL, and Redis where the queue is there. Good: up. Redis down costs delay and no data.',
      unit: 'none',
      width: 5,
      queries: [
        instant('A', `min(${select('bellows_postgres_up')})`, 'PostgreSQL'),
        instant('B', `min(${select('bellows_redis_up')})`, 'Redis'),
      ],
      noValue: 'no process',
      mappings: [UP],
    }),
    stat({
      title: 'Slots used',
      description:
        'Ranges that workers walk now, of those they may walk at a time. Good: below 90 %; at 100 % with jobs waiting, more workers or slots make it faster, if the concurrency allows.',
      unit: 'percentunit',
      width: 5,
      queries: [
        instant(
          'A',
          `${total('', select('bellows_worker_slots_used'))} / ${total('', select('bellows_worker_slots'))}`,
          'used',
        ),
      ],
      noValue: 'no worker',
    }),
    stat({
      title: 'Oldest waiting job',
      description:
        'For how long the oldest job has waited that no worker took. Good: below 10 s. Rising: no worker is alive, all are busy, or the queue does not deliver.',
      unit: 's',
      width: 5,
      queries: [instant('A', `max(${select('bellows_queue_oldest_wait_seconds')})`, 'oldest')],
      noValue: 'unknown',
      steps: [
        { value: null, color: 'green' },
        { value: 30, color: 'orange' },
      ],
    }),
    stat({
      title: 'Versions',
      description: 'Builds that run. Good: one version, but for the minutes of a deploy.',
      unit: 'none',
      width: 5,
      queries: [instant('A', `count by (version) (${select('bellows_build_info')})`, '{{version}}')],
      noValue: 'no process',
      names: true,
    }),
  ],
};

export const jobRow: Section = {
  title: 'Jobs',
  panels: [
    QUEUE_JOBS(8),
    heatmap({
      title: 'Wait in the queue',
      description:
        'How long jobs waited before a worker took them. Good: a band below a second. Higher: too few slots, or a queue that is slow to wake.',
      unit: 's',
      width: 8,
      queries: [heat('A', `sum by (le) (${increase(bucketsOf('bellows_queue_wait_seconds'))})`)],
    }),
    graph({
      title: 'Wait in the queue, p95',
      description: '95th percentile of the wait. Good: below a second.',
      unit: 's',
      width: 8,
      queries: [range('A', quantile(0.95, '', 'bellows_queue_wait_seconds'), 'p95')],
    }),
    graph({
      title: 'Jobs delivered again',
      description:
        'By cause. Good: none but after restarts. Stalled again and again: workers are killed or their event loop is blocked; reconciled: the queue loses jobs.',
      unit: 'ops',
      width: 8,
      queries: [
        range('A', `${total('cause', rate(select('bellows_queue_redeliveries_total')))} > 0`, '{{cause}}'),
      ],
    }),
    graph({
      title: 'Batches by outcome',
      description:
        'Batches of all migrations by how they ended. Good: nearly all committed; failed stops its migration.',
      unit: 'ops',
      width: 8,
      stacked: true,
      queries: [
        range('A', `${total('outcome', rate(select('bellows_backfill_batches_total')))} > 0`, '{{outcome}}'),
      ],
    }),
    graph({
      title: 'Signals that cannot be read',
      description:
        'Readings of throttle signals that failed; what cannot be read holds the backfill. Good: none. `bellows status <id>` shows the error.',
      unit: 'ops',
      width: 8,
      queries: [
        range('A', `${total('reason', rate(select('bellows_throttle_check_failures_total')))}`, '{{reason}}'),
      ],
    }),
    WORKERS(8),
    graph({
      title: 'Slots by worker',
      description:
        'Ranges that each worker walks, against its slots (dashed). Good: evenly used while several ranges are open.',
      unit: 'none',
      width: 8,
      queries: [
        range('A', same('instance', 'bellows_worker_slots_used'), '{{instance}} used'),
        range('B', same('instance', 'bellows_worker_slots'), '{{instance}} slots'),
      ],
      limits: '/ slots$/',
    }),
    graph({
      title: 'Since the last progress',
      description:
        'How long ago each worker took a job, committed a batch or ended a job. Good: below 30 s while it uses a slot; an idle worker has none. Minutes with a slot in use: it is wedged.',
      unit: 's',
      width: 8,
      queries: [
        range(
          'A',
          `time() - ${same('instance', 'bellows_worker_last_progress_timestamp_seconds')}`,
          '{{instance}}',
        ),
      ],
    }),
  ],
};
