/** One question: do the processes do their work? */
import { dashboardOf } from './dashboard.js';
import { jobRow, processesNow } from './workers/jobs.js';
import { observerRow, processRow } from './workers/processes.js';

export const workersDashboard = () =>
  dashboardOf({
    uid: 'bellows-workers',
    title: 'Bellows / Workers and queue',
    description: 'Whether leader, workers and queue do their work, and what they run into.',
    sections: [processesNow, jobRow, processRow, observerRow],
  });
