/** The whole table through `up`, as a user would have it, and what `status` costs afterwards. */
import { connect } from '../ground.js';
import type { Scenario } from '../scenario.js';
import { measureStatus } from '../status-cost.js';
import { loadUsers } from '../users-table.js';
import { measureWholeRun } from '../whole-run.js';

export const whole: Scenario = {
  name: 'whole',
  title: 'the whole table through `up`: speed, processor time, memory of the worker; the cost of `status`',
  run: async ({ ground, folder, rows, tell }) => {
    const client = await connect(ground.url);
    try {
      await loadUsers(client, { rows });
      const run = await measureWholeRun(folder, ground.url);
      tell(`${run.ranges} ranges, ${run.batches} batches; ${run.queue}`);
      const status = await measureStatus(client, folder, ground.url);
      return [
        { name: 'walk', value: run.rowsPerSecond, unit: 'rows/s' },
        { name: 'walk', value: run.walkSeconds, unit: 's' },
        { name: 'up, from expand to the gate', value: run.upSeconds, unit: 's' },
        { name: 'median batch', value: run.medianBatchMs, unit: 'ms' },
        ...(ground.local
          ? ([{ name: 'CPU of all sessions', value: run.cpuMicrosPerRow, unit: 'µs/row' }] as const)
          : []),
        { name: 'worker, most memory', value: run.worker.largestMb, unit: 'MB' },
        { name: 'status, median of 50', value: status.medianMs, unit: 'ms' },
        { name: 'status, slowest of 50', value: status.slowestMs, unit: 'ms' },
        { name: 'scans of the table by 50 status', value: status.scans, unit: '', target: { atMost: 0 } },
      ];
    } finally {
      await client.end();
    }
  },
};
