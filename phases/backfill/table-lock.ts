import type { Session } from '#ports';
import type { ClaimedRange } from './claim.js';

/** The modes that keep an update out. One that only waits does so too: whoever comes after it queues behind it. */
const LOCKED = `
select exists (
  select
  from pg_locks
  where locktype = 'relation'
    and database = (select oid from pg_database where datname = current_database())
    and relation = $1::oid
    and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
) as locked`;

/** VACUUM FULL, CLUSTER, DDL: no batch of any size gets through, so there is nothing to divide and nobody to blame. */
export async function isTableLocked(session: Session, range: ClaimedRange): Promise<boolean> {
  return (await session.query<{ locked: boolean }>(LOCKED, [range.leafOid]))[0]?.locked === true;
}
