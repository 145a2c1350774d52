/** Panels of processes and queue that more than one dashboard shows. */
import { graph, stat } from './panels.js';
import { instant, range, runtime, same, select, total } from './query.js';

export const LEADERS = (width: number) =>
  stat({
    title: 'Leaders',
    description:
      'Processes that lead. Good: exactly 1; for ten seconds after a kill it may be 0. Without one no step runs and no gate is evaluated; rows are still moved.',
    unit: 'none',
    width,
    queries: [instant('A', total('', select('bellows_scheduler_leader')), 'leaders')],
    noValue: 'no process',
    steps: [
      { value: null, color: 'red' },
      { value: 1, color: 'green' },
      { value: 2, color: 'red' },
    ],
  });

export const WORKERS = (width: number) =>
  graph({
    title: 'Workers',
    description:
      'Workers by their heartbeat. Good: none stale; a stale one was killed or cannot reach PostgreSQL.',
    unit: 'none',
    width,
    queries: [range('A', same('state', 'bellows_workers'), '{{state}}')],
  });

export const QUEUE_JOBS = (width: number) =>
  graph({
    title: 'Jobs in the queue',
    description: 'Jobs by state. Good: waiting falls while workers are live; failed stays 0.',
    unit: 'none',
    width,
    queries: [range('A', same('state', 'bellows_queue_jobs'), '{{state}}')],
  });

export const LAG = (width: number) =>
  graph({
    title: 'Event loop lag',
    description:
      'p99 of how late the event loop of each process is. Good: below 100 ms. Seconds: a transform blocks it, jobs lose their lock and are delivered again.',
    unit: 's',
    width,
    queries: [range('A', runtime('nodejs_eventloop_lag_p99_seconds'), '{{instance}}')],
  });

export const MEMORY = (width: number) =>
  graph({
    title: 'Memory',
    description: 'Resident memory of each process. Good: level after the first minutes.',
    unit: 'bytes',
    width,
    queries: [range('A', runtime('process_resident_memory_bytes'), '{{instance}}')],
  });
