import type { Client } from 'pg';
import { SET_NAMES } from '../project.js';
import type { Shape } from './shape.js';

const BATCH_IDS = 5_000n;

/** The loop that teams write first: equal steps of the key, a commit after each, no trigger, no pause, no record of how far it is. */
export function idRangeLoop(client: Client): Shape {
  return {
    name: 'plain id-range loop',
    sessions: 'bench',
    prepare: async () => {
      await client.query('alter table users disable trigger user');
    },
    move: async ({ firstId, lastId }) => updateByIds(client, BigInt(firstId), BigInt(lastId), BATCH_IDS),
  };
}

/** Both ids inclusive. `afterEach` is what it does between two batches. */
export async function updateByIds(
  client: Client,
  first: bigint,
  last: bigint,
  step: bigint,
  afterEach: (batch: number) => Promise<void> = async () => undefined,
): Promise<number> {
  let moved = 0;
  for (let [from, batch] = [first, 1]; from <= last; from += step, batch += 1) {
    const to = from + step > last ? last + 1n : from + step;
    const { rowCount } = await client.query(
      `update users set ${SET_NAMES} where id >= ${from} and id < ${to}`,
    );
    moved += rowCount ?? 0;
    await afterEach(batch);
  }
  return moved;
}
