import type { Client } from 'pg';
import type { BackfillPlan } from '#core/plan';
import { STRIDES, strideText } from '#phases/backfill/strides';
import { SET_NAMES } from '../project.js';
import type { Shape } from './shape.js';

/** Until the ledger has a span to go by. */
const FIRST_BLOCKS = 1_024;

/**
 * Bellows' batches without fence, ledger and queue: the same spans in the same strides, the same assignments and triggers, the
 * same commit that is not waited for. What Bellows costs above it is what safety costs.
 */
export function bareBatches(client: Client, { insertTrigger, updateTrigger, marker }: Synced): Shape {
  return {
    name: 'batches without ledger',
    sessions: 'bench',
    prepare: async () => {
      await client.query('alter table users disable trigger user');
      for (const name of [insertTrigger, updateTrigger]) {
        await client.query(`alter table users enable always trigger "${name}"`);
      }
    },
    move: async ({ lo, hi }) => {
      const size = await spanBlocks(client);
      let moved = 0;
      await client.query('set synchronous_commit to off');
      for (let from = lo; from < hi; from += size) {
        for (let stride = 0; stride < STRIDES; stride += 1) {
          const { rowCount } = await client.query(
            `update users as t
            set ${SET_NAMES}, "${marker}" = 'd'
            where ctid >= '(${from},0)'
              and ctid < '(${Math.min(hi, from + size)},0)'
              and "${marker}" = 'p'
              and ${strideText(1)}`,
            [stride],
          );
          moved += rowCount ?? 0;
        }
      }
      await client.query('reset synchronous_commit');
      return moved;
    },
  };
}

export type Synced = Extract<BackfillPlan, { readonly kind: 'synced' }>;

/** The largest of late: those before it were growing, and the last one of a slice is what was left of it. */
async function spanBlocks(client: Client): Promise<number> {
  const sql = `
    select max(late.blocks)::integer as blocks
    from (
      select hi - lo as blocks
      from bellows.batches
      where hi > lo
      order by committed_at desc
      limit 10
    ) as late`;
  return (await client.query<{ blocks: number | null }>(sql)).rows[0]?.blocks ?? FIRST_BLOCKS;
}
