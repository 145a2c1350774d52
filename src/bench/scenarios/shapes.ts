/** The same work in every shape: how much of what PostgreSQL can do is left, and what others leave. */
import { type BellowsRun, startBellows } from '../bellows-run.js';
import { connect } from '../ground.js';
import type { Figure } from '../result.js';
import type { Scenario, Stage } from '../scenario.js';
import { bellowsShape } from '../shapes/bellows.js';
import { gitlabShape } from '../shapes/gitlab.js';
import { idRangeLoop } from '../shapes/id-range.js';
import { addPgrollShape, pgrollShape } from '../shapes/pgroll.js';
import { addReshapeShape, reshapeShape } from '../shapes/reshape.js';
import type { Shape } from '../shapes/shape.js';
import { singleStatement } from '../shapes/single.js';
import { figureOf, measureSlices, ratioOf, type Sample } from '../slices.js';
import { sampleLine } from '../tell.js';
import { loadUsers } from '../users-table.js';

/** That the slices are shared out among. */
const SHAPES = 7;

export const shapes: Scenario = {
  name: 'shapes',
  title: 'rows/s, CPU and WAL beside one UPDATE, a plain loop, and the shapes of pgroll, reshape and GitLab',
  run: async (stage) => {
    const client = await connect(stage.ground.url);
    let bellows: BellowsRun | null = null;
    try {
      await loadUsers(client, { rows: stage.rows });
      bellows = await startBellows({
        client,
        folder: stage.folder,
        url: stage.ground.url,
        slots: 2,
        slices: SHAPES * stage.rounds,
      });
      await addPgrollShape(client);
      await addReshapeShape(client);
      const compared: readonly Shape[] = [
        singleStatement(client),
        idRangeLoop(client),
        reshapeShape(client),
        pgrollShape(client),
        gitlabShape(client),
        bellowsShape(client, bellows, 1),
        bellowsShape(client, bellows, 2),
      ];
      const samples = await measureSlices(client, compared, bellows.slices, (s) => stage.tell(sampleLine(s)));
      return figures(stage, compared, samples);
    } finally {
      await bellows?.close();
      await client.end();
    }
  },
};

function figures(
  { ground }: Stage,
  compared: readonly Shape[],
  samples: readonly Sample[],
): readonly Figure[] {
  const names = compared.map(({ name }) => name);
  const all = (measure: 'speed' | 'cpu' | 'wal') => names.map((name) => figureOf(samples, name, measure));
  const ratio = (other: string, atLeast?: number, ours = 'Bellows') =>
    ratioOf(samples, [ours, other], 'speed', atLeast === undefined ? undefined : { atLeast });
  return [
    ...all('speed'),
    ...(ground.local ? all('cpu') : []),
    ...all('wal'),
    ratio('one UPDATE', 0.9),
    ratio('one UPDATE', 1.4, 'Bellows, two workers'),
    ratio("pgroll's shape", 1.5),
    ratio("reshape's shape"),
    ratio("GitLab's shape"),
    ratio('plain id-range loop'),
    ...(ground.local ? [ratioOf(samples, ['Bellows', 'one UPDATE'], 'cpu')] : []),
  ];
}
