import type { Client } from 'pg';
import { quote } from '#core/identifier';
import { SET_NAMES } from '../project.js';
import type { Shape } from './shape.js';

const BATCH_ROWS = 5_000;

/** Batches by keyset along the primary key, whatever its type and order; its slices follow on each other. */
export function keyWalk(client: Client, table: string): Shape {
  let last: string | null = null;
  return {
    name: 'walk along the key',
    sessions: 'bench',
    prepare: async () => undefined,
    move: async ({ rows }) => {
      let moved = 0;
      while (moved < rows) {
        const batch = await nextBatch(client, table, last, Math.min(BATCH_ROWS, rows - moved));
        if (batch === null) return moved;
        last = batch.last;
        moved += batch.moved;
      }
      return moved;
    },
  };
}

async function nextBatch(
  client: Client,
  table: string,
  after: string | null,
  rows: number,
): Promise<{ readonly last: string; readonly moved: number } | null> {
  const result = await client.query<{ last: string; moved: number }>(
    `with batch as materialized (
      select id
      from ${quote(table)}
      ${after === null ? '' : 'where id > $2'}
      order by id
      limit $1
    ),
    moved as (
      update ${quote(table)} as t
      set ${SET_NAMES}
      from batch
      where t.id = batch.id
      returning 1
    )
    select
      (select id from batch order by id desc limit 1) as last,
      (select count(*)::integer from moved) as moved`,
    after === null ? [rows] : [rows, after],
  );
  const row = result.rows[0];
  return row === undefined || row.moved === 0 ? null : row;
}
