import { FencedError } from '#core/errors';
import type { Fence, Session } from '#ports';

/**
 * Demands the lease inside the transaction of `tx`, as its first statement. It writes, and so locks the row: nobody can take
 * the lease over between this check and the commit.
 *
 * Throws `FencedError`.
 */
export async function demandLease(tx: Session, fence: Fence): Promise<void> {
  const rows = await tx.query(
    `update bellows.lease
     set touched_at = clock_timestamp()
     where name = 'leader'
     and holder = $1
     and epoch = $2
     and expires_at > clock_timestamp()
     returning epoch`,
    [fence.holder, fence.epoch],
  );
  if (rows.length === 0) {
    throw new FencedError(`The lease of epoch ${fence.epoch} is not held any more.`, { epoch: fence.epoch });
  }
}
