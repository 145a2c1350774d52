/** Cost per row as the table grows: the same for each size, or the design is quadratic somewhere. */
import { inDatabase } from '../ground.js';
import type { Figure } from '../result.js';
import type { Scenario, Stage } from '../scenario.js';
import { loadUsers } from '../users-table.js';
import { measureWholeRun, type WholeRun } from '../whole-run.js';

const STEPS = [16, 4, 1] as const;

export const growth: Scenario = {
  name: 'growth',
  title: 'cost per row with a sixteenth, a quarter and all of --rows (16000000 gives 1M, 4M and 16M)',
  run: async (stage) => {
    const runs: (readonly [number, WholeRun])[] = [];
    for (const step of STEPS) {
      const rows = Math.ceil(stage.rows / step);
      await stage.ground.clear();
      const run = await oneSize(stage, rows);
      stage.tell(`${rows} rows: ${run.rowsPerSecond} rows/s, ${run.cpuMicrosPerRow.toFixed(1)} µs/row`);
      runs.push([rows, run]);
    }
    return figures(stage.ground.local, runs);
  },
};

async function oneSize({ ground, folder }: Stage, rows: number): Promise<WholeRun> {
  await inDatabase(ground.url, (client) => loadUsers(client, { rows }));
  return measureWholeRun(folder, ground.url);
}

function figures(local: boolean, runs: readonly (readonly [number, WholeRun])[]): readonly Figure[] {
  const speeds = runs.map(([rows, run]): Figure => {
    return { name: `${rows.toLocaleString('en-US')} rows`, value: run.rowsPerSecond, unit: 'rows/s' };
  });
  const [smallest, largest] = [runs[0]?.[1], runs.at(-1)?.[1]];
  if (smallest === undefined || largest === undefined) return speeds;
  const bySpeed = smallest.rowsPerSecond / largest.rowsPerSecond;
  const byCpu = largest.cpuMicrosPerRow / smallest.cpuMicrosPerRow;
  const time: Figure = { name: 'time per row, largest over smallest', value: bySpeed, unit: 'x' };
  if (!local) return [...speeds, { ...time, target: { atMost: 1.1 } }];
  const cpus = runs.map(([rows, run]): Figure => {
    return { name: `${rows.toLocaleString('en-US')} rows`, value: run.cpuMicrosPerRow, unit: 'µs/row' };
  });
  const cpu = 'CPU per row, largest over smallest';
  return [...speeds, ...cpus, time, { name: cpu, value: byCpu, unit: 'x', target: { atMost: 1.1 } }];
}
