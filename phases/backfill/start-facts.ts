import type { Session } from '#ports';
import type { ClaimedRange } from './claim.js';
import { SPAN_FACTOR, STRIDES } from './strides.js';

const PRIMARY_KEY = `
select a.attname as name
from pg_index i
cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = $1
  and i.indisprimary
order by k.position`;

export async function primaryKeyOf(session: Session, leafOid: number): Promise<readonly string[]> {
  return (await session.query<{ name: string }>(PRIMARY_KEY, [leafOid])).map((row) => row.name);
}

/**
 * So that a walker does not begin at the first guess for every range. From the ledger, since memory does not outlive a job. The
 * batches of a span in strides have the same `lo`, as many for each of its lanes as there are strides, and a statement that took
 * all rows would have been that much smaller.
 * @param lanes the most that a span of this walk has; batches that were taken apart, or begun again, look like more
 */
export async function lastBatchBlocks(
  session: Session,
  { runId, backfill, pass }: ClaimedRange,
  lanes: number,
): Promise<number | null> {
  const rows = await session.query<{ blocks: number }>(
    `select max((late.hi - late.lo) / case when spans.batches > 1 then ${SPAN_FACTOR} * least($4, spans.lanes) else 1 end) as blocks
    from (
      select b.range_id, b.lo, b.hi
      from bellows.batches b
      where b.run_id = $1
        and b.hi > b.lo
      order by b.committed_at desc
      limit 5
    ) as late
    join bellows.ranges r on r.id = late.range_id
    cross join lateral (
      select count(*) as batches, ceil(count(*) / ${STRIDES}.0)::integer as lanes
      from bellows.batches s
      where s.range_id = late.range_id
        and s.lo = late.lo
    ) as spans
    where r.backfill = $2
      and r.pass = $3`,
    [runId, backfill, pass, lanes],
  );
  const blocks = rows[0]?.blocks ?? null;
  return blocks === null ? null : Number(blocks);
}
