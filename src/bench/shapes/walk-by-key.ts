import type { Client } from 'pg';
import type { Slice } from './shape.js';

/** Batch after batch from the first key of the slice on; `batch` gives the statement, whose row says `last` and `moved`. */
export async function walkByKey(
  client: Client,
  { firstId, lastId }: Slice,
  batch: (cursor: string, lastId: string) => string,
): Promise<number> {
  let [cursor, moved] = [String(BigInt(firstId) - 1n), 0];
  for (;;) {
    const { rows } = await client.query<{ last: string | null; moved: number }>(batch(cursor, lastId));
    const { last = null, moved: now = 0 } = rows[0] ?? {};
    if (last === null) return moved;
    moved += now;
    cursor = last;
  }
}
