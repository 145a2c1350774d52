/** The processes that do the work, in short; the dashboard of the workers has more. */
import { LAG, LEADERS, MEMORY, QUEUE_JOBS, WORKERS } from '../process-panels.js';
import type { Section } from '../section.js';

export const processRow: Section = {
  title: 'Queue, workers, Node',
  collapsed: true,
  panels: [LEADERS(4), WORKERS(5), QUEUE_JOBS(5), LAG(5), MEMORY(5)],
};
