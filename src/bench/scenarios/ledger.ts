/** What safety costs: the same batches with and without fence, ledger and queue. */
import { type BellowsRun, startBellows } from '../bellows-run.js';
import { connect } from '../ground.js';
import type { Figure } from '../result.js';
import type { Scenario } from '../scenario.js';
import { bareBatches } from '../shapes/bare.js';
import { bellowsShape } from '../shapes/bellows.js';
import { figureOf, measureSlices, ratioOf, type Sample } from '../slices.js';
import { sampleLine } from '../tell.js';
import { loadUsers } from '../users-table.js';

/** That the slices are shared out among. */
const SHAPES = 2;

/** Rounds in which sessions fill their caches and the queue's functions are compiled; a job of 20 s pays that once. */
const WARM_UP = 2;

export const ledger: Scenario = {
  name: 'ledger',
  title: 'the share of fence, ledger and queue in the processor time of a row',
  run: async (stage) => {
    const client = await connect(stage.ground.url);
    // A session of its own, as the worker has: one that loaded the table has every page of it mapped already.
    const bare = await connect(stage.ground.url);
    let bellows: BellowsRun | null = null;
    try {
      await loadUsers(client, { rows: stage.rows });
      bellows = await startBellows({
        client,
        folder: stage.folder,
        url: stage.ground.url,
        slots: 1,
        slices: SHAPES * (WARM_UP + stage.rounds),
      });
      const [backfill] = bellows.run.plan.backfills;
      if (backfill?.kind !== 'synced') throw new Error('the migration has a synced backfill');
      const compared = [bareBatches(bare, backfill), bellowsShape(client, bellows, 1)];
      const samples = await measureSlices(client, compared, bellows.slices, (s) => stage.tell(sampleLine(s)));
      return figures(
        stage.ground.local,
        samples.filter(({ round }) => round >= WARM_UP),
      );
    } finally {
      await bellows?.close();
      await bare.end();
      await client.end();
    }
  },
};

function figures(local: boolean, samples: readonly Sample[]): readonly Figure[] {
  const pair = ['Bellows', 'batches without ledger'] as const;
  const speed = [...pair.map((name) => figureOf(samples, name, 'speed')), ratioOf(samples, pair, 'speed')];
  if (!local) return speed;
  const [ours, bare] = pair.map((name) => figureOf(samples, name, 'cpu'));
  if (ours === undefined || bare === undefined) return speed;
  const share: Figure = {
    name: 'share of fence, ledger and queue in the CPU of a row',
    value: 1 - bare.value / ours.value,
    unit: '',
    target: { atMost: 0.05 },
  };
  return [...speed, ours, bare, share];
}
