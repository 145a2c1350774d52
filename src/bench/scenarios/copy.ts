/** Rows that go to another table, beside one statement that copies the same into a table like it. */
import { type BellowsRun, startBellows } from '../bellows-run.js';
import { connect } from '../ground.js';
import { makeProject, removeProject } from '../project.js';
import type { Scenario } from '../scenario.js';
import { bellowsShape } from '../shapes/bellows.js';
import { insertSelect } from '../shapes/insert-select.js';
import { figureOf, measureSlices, ratioOf } from '../slices.js';
import { sampleLine } from '../tell.js';
import { loadUsers } from '../users-table.js';

export const copy: Scenario = {
  name: 'copy',
  title:
    'a copy into another table beside one INSERT … SELECT into a table like it: rows/s, CPU and WAL for a row',
  run: async ({ ground, rows, rounds, tell }) => {
    const client = await connect(ground.url);
    const folder = await makeProject({ mapping: 'copy' });
    let bellows: BellowsRun | null = null;
    try {
      await loadUsers(client, { rows });
      bellows = await startBellows({ client, folder, url: ground.url, slots: 1, slices: rounds });
      await client.query('create table contacts_at_once (like contacts including all)');
      // The source keeps its rows, so both copy the same slice, in an order of chance.
      const slices = bellows.slices.flatMap((slice) => [slice, slice]);
      const shapes = [insertSelect(client, 'contacts_at_once'), bellowsShape(client, bellows, 1)];
      const samples = await measureSlices(client, shapes, slices, (sample) => tell(sampleLine(sample)));
      const names = shapes.map(({ name }) => name);
      const pair = ['Bellows', 'one INSERT … SELECT'] as const;
      return [
        ...names.map((name) => figureOf(samples, name, 'speed')),
        ...(ground.local ? names.map((name) => figureOf(samples, name, 'cpu')) : []),
        ...names.map((name) => figureOf(samples, name, 'wal')),
        ratioOf(samples, pair, 'speed'),
        ratioOf(samples, pair, 'wal'),
      ];
    } finally {
      await bellows?.close();
      await removeProject(folder);
      await client.end();
    }
  },
};
