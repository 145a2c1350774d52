/** The same work in SQL and in TypeScript, the whole table through `up`. */
import { median } from '../figures.js';
import { inDatabase } from '../ground.js';
import { makeProject, removeProject } from '../project.js';
import type { Scenario, Stage } from '../scenario.js';
import { loadUsers } from '../users-table.js';
import { measureWholeRun } from '../whole-run.js';

const ROUNDS = 3;

export const transform: Scenario = {
  name: 'transform',
  title: 'a transform in TypeScript beside the same in SQL, three times each',
  run: async (stage) => {
    const speeds = { sql: [] as number[], typescript: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const mapping of ['sql', 'typescript'] as const) {
        const speed = await walkSpeed(stage, mapping);
        stage.tell(`${round + 1} ${mapping}: ${speed} rows/s`);
        speeds[mapping].push(speed);
      }
    }
    const ratios = speeds.typescript.map((speed, round) => speed / (speeds.sql[round] ?? Number.NaN));
    return [
      { name: 'in SQL', value: median(speeds.sql), unit: 'rows/s' },
      { name: 'in TypeScript', value: median(speeds.typescript), unit: 'rows/s' },
      {
        name: 'in TypeScript over in SQL',
        value: median(ratios),
        unit: 'x',
        lowest: Math.min(...ratios),
        highest: Math.max(...ratios),
        target: { atLeast: 0.6 },
      },
    ];
  },
};

async function walkSpeed({ ground, rows }: Stage, mapping: 'sql' | 'typescript'): Promise<number> {
  await ground.clear();
  const folder = await makeProject({ mapping });
  try {
    await inDatabase(ground.url, (client) => loadUsers(client, { rows }));
    return (await measureWholeRun(folder, ground.url)).rowsPerSecond;
  } finally {
    await removeProject(folder);
  }
}
