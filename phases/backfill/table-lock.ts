import { quoteTable } from '#core/identifier';
import { type BackfillPlan, isCopy } from '#core/plan';
import type { Session } from '#ports';
import type { ClaimedRange } from './claim.js';

/** The modes that keep an update out. One that only waits does so too: whoever comes after it queues behind it. */
const LOCKED = `
select exists (
  select
  from pg_locks
  where locktype = 'relation'
    and database = (select oid from pg_database where datname = current_database())
    and relation in ($1::oid, to_regclass($2))
    and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
) as locked`;

/**
 * VACUUM FULL, CLUSTER, DDL: no batch of any size gets through, so there is nothing to divide and nobody to blame. Where rows go
 * to another table, the same of that one.
 */
export async function isTableLocked(
  session: Session,
  range: ClaimedRange,
  backfill: BackfillPlan,
): Promise<boolean> {
  const target = isCopy(backfill) ? quoteTable(backfill.target) : null;
  return (await session.query<{ locked: boolean }>(LOCKED, [range.leafOid, target]))[0]?.locked === true;
}
