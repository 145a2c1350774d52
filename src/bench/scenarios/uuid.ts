/** A table whose key is in random order: a walk over its blocks beside a walk over its key. */
import type { Client } from 'pg';
import { type BellowsRun, startBellows } from '../bellows-run.js';
import { connect } from '../ground.js';
import type { Scenario } from '../scenario.js';
import { bellowsShape } from '../shapes/bellows.js';
import { keyWalk } from '../shapes/key-walk.js';
import type { Shape } from '../shapes/shape.js';
import { figureOf, measureSlices, ratioOfTotals } from '../slices.js';
import { sampleLine } from '../tell.js';
import { checkpoint, loadUsers } from '../users-table.js';

export const uuid: Scenario = {
  name: 'uuid',
  title: 'rows/s and WAL on a UUID key, beside a walk along the key',
  run: async (stage) => {
    const { rows, ground } = stage;
    const client = await connect(ground.url);
    let bellows: BellowsRun | null = null;
    try {
      await loadUsers(client, { rows, key: 'uuid' });
      bellows = await startBellows({
        client,
        folder: stage.folder,
        url: stage.ground.url,
        slots: 1,
        slices: stage.rounds,
      });
      // Slices by block and by key share rows, so each has a table of its own.
      await loadUsers(client, { rows, key: 'uuid', name: 'users_by_key' });
      await client.query('alter table users_by_key add first_name varchar(100), add last_name varchar(100)');
      // Both walk all of their table, and a checkpoint comes before each slice, as some come during any long walk: the first
      // change of a page after it is logged as the whole page, whoever comes back to the page later.
      const slices = bellows.slices.flatMap((slice) => [slice, slice]);
      const walks: readonly Shape[] = [keyWalk(client, 'users_by_key'), bellowsShape(client, bellows, 1)];
      const compared = walks.map((shape) => afterCheckpoint(client, shape));
      const samples = await measureSlices(client, compared, slices, (s) => stage.tell(sampleLine(s)));
      const pair = ['Bellows', 'walk along the key'] as const;
      return [
        ...pair.map((name) => figureOf(samples, name, 'speed')),
        ...pair.map((name) => figureOf(samples, name, 'wal')),
        ratioOfTotals(samples, pair, 'speed', { atLeast: 1.6 }),
        ratioOfTotals(samples, pair, 'wal', { atMost: 0.4 }),
      ];
    } finally {
      await bellows?.close();
      await client.end();
    }
  },
};

function afterCheckpoint(client: Client, shape: Shape): Shape {
  const prepare: Shape['prepare'] = async (slice) => {
    await shape.prepare(slice);
    await checkpoint(client);
  };
  return { ...shape, prepare };
}
