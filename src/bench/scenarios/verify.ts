/** What it costs to compare every value, beside a plain count of the rows that differ. */
import type { Client } from 'pg';
import { createBellows } from '#main';
import { median } from '../figures.js';
import { connect } from '../ground.js';
import { bellowsOptions, FIRST_NAME, LAST_NAME, MIGRATION_ID } from '../project.js';
import type { Figure } from '../result.js';
import type { Scenario } from '../scenario.js';
import { loadUsers } from '../users-table.js';
import { measureWholeRun } from '../whole-run.js';

/** What somebody would type who knows the mapping. */
const DIFFERING = `
select count(*)
from users
where first_name is distinct from ${FIRST_NAME}
  or last_name is distinct from ${LAST_NAME}`;

export const verify: Scenario = {
  name: 'verify',
  title: '`verify`, which compares every value by its image, against one plain count',
  run: async ({ ground, folder, rows, rounds, tell }) => {
    const client = await connect(ground.url);
    try {
      await loadUsers(client, { rows });
      await measureWholeRun(folder, ground.url);
      const bellows = await createBellows(bellowsOptions(folder, ground.url));
      const ways: readonly Way[] = [
        { name: 'a plain count', seconds: () => counted(client) },
        {
          name: 'verify, one part at a time',
          seconds: async () => (await bellows.verify(MIGRATION_ID, { parallel: 1 })).seconds,
        },
        {
          name: 'verify, two',
          seconds: async () => (await bellows.verify(MIGRATION_ID, { parallel: 2 })).seconds,
        },
      ];
      try {
        return figures(await interleaved(ways, rounds, tell), rows);
      } finally {
        await bellows.close();
      }
    } finally {
      await client.end();
    }
  },
};

interface Way {
  readonly name: string;
  readonly seconds: () => Promise<number>;
}

async function counted(client: Client): Promise<number> {
  // One backend, as one part of the verification has.
  await client.query('set max_parallel_workers_per_gather = 0');
  const began = performance.now();
  await client.query(DIFFERING);
  return (performance.now() - began) / 1_000;
}

/** In turn, so that all ways see the same minutes; the first round only warms up. */
async function interleaved(ways: readonly Way[], rounds: number, tell: (line: string) => void) {
  const taken = ways.map(({ name }) => ({ name, seconds: [] as number[] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [i, way] of ways.entries()) {
      const seconds = await way.seconds();
      if (round > 0) taken[i]?.seconds.push(seconds);
      tell(`${way.name}: ${seconds.toFixed(2)} s`);
    }
  }
  return taken;
}

function figures(
  taken: readonly { readonly name: string; readonly seconds: readonly number[] }[],
  rows: number,
): readonly Figure[] {
  const plain = median(taken[0]?.seconds ?? []);
  return taken.flatMap(({ name, seconds }, i): readonly Figure[] => [
    { name, value: Math.round(rows / median(seconds)), unit: 'rows/s' },
    ...(i === 0
      ? []
      : [{ name: `${name}, over a plain count`, value: median(seconds) / plain, unit: 'x' as const }]),
  ]);
}
