/** How much larger the heap is afterwards. */
import type { Client } from 'pg';
import { connect } from '../ground.js';
import type { Scenario, Stage } from '../scenario.js';
import { idRangeLoop } from '../shapes/id-range.js';
import { loadUsers } from '../users-table.js';
import { measureWholeRun } from '../whole-run.js';

export const bloat: Scenario = {
  name: 'bloat',
  title: 'growth of the heap through `up`, and through a plain loop',
  run: async (stage) => {
    const ours = await grown(stage, async () => {
      await measureWholeRun(stage.folder, stage.ground.url);
    });
    const plain = await grown(stage, async (client) => {
      await client.query('alter table users add first_name varchar(100), add last_name varchar(100)');
      await idRangeLoop(client).move({ ...NO_BLOCKS, firstId: '1', lastId: String(stage.rows) });
    });
    return [
      { name: 'heap after Bellows over before', value: ours, unit: 'x', target: { atMost: 1.25 } },
      { name: 'heap after a plain loop over before', value: plain, unit: 'x' },
    ];
  },
};

const NO_BLOCKS = { lo: 0, hi: 0, rows: 0, range: 0 };

async function grown({ ground, rows }: Stage, work: (client: Client) => Promise<void>): Promise<number> {
  await ground.clear();
  const client = await connect(ground.url);
  try {
    await loadUsers(client, { rows });
    const before = await heapBytes(client);
    await work(client);
    return (await heapBytes(client)) / before;
  } finally {
    await client.end();
  }
}

async function heapBytes(client: Client): Promise<number> {
  const sql = `select pg_relation_size('users')::float8 as bytes`;
  return (await client.query<{ bytes: number }>(sql)).rows[0]?.bytes ?? Number.NaN;
}
