import { quoteTable } from '#core/identifier';
import { type CopyPlan, isCopy } from '#core/plan';
import { insertCopies, isCopied } from '../../expand/copied-row.js';
import type { BatchTarget } from '../batch.js';
import { isOfWaiting, isPending, notQuarantined } from '../batch-rows.js';
import { waitingRows } from './waiting-rows.js';

/** What stands between fence and ledger where rows go to another table; null where they do not. */
export interface CopyParts {
  readonly direct: (span: string) => readonly string[];
  readonly careful: (span: string) => readonly string[];
}

/**
 * A row is locked while it is copied, else one that is deleted in between would leave its copy behind: the DELETE's trigger
 * cannot see what is not committed yet. FOR KEY SHARE keeps out DELETE and changes of the key, and no other write: what an UPDATE
 * in progress changes its trigger carries over, after us or before us, since the copy that it finds is replaced and the one
 * that we find is kept. Where a condition decides, any update can end a copy: then FOR SHARE.
 *
 * READ COMMITTED: a row that changed since the statement's snapshot is read again once its lock is had, and one that is gone
 * is left out.
 */
export function copyParts(target: BatchTarget): CopyParts | null {
  const { backfill, leaf } = target;
  if (!isCopy(backfill)) return null;
  if (isOfWaiting(target)) {
    const parts = (span: string) => waitingRows(target, backfill, span);
    return { direct: parts, careful: parts };
  }
  const lock = backfill.where === null ? 'for key share' : 'for share';
  const from = `from ${quoteTable(leaf)} as t`;
  const direct = (span: string) => [
    `moved as (
  ${insertCopies(
    backfill,
    `${from}
  where ${span}
    and ${isCopied(backfill, 't')}
    and exists (select from fence)
  ${lock} of t`,
  )} do nothing
  returning 1
)`,
    'counted as (select count(*)::integer as rows, 0 as locked, 0 as suppressed from moved)',
  ];
  return { direct, careful: (span) => carefulParts(target, backfill, span) };
}

/**
 * Rows without a copy, picked with SKIP LOCKED; by FOR SHARE, since the transaction of an update may already hold the row of
 * the target that the copy would wait for. A row that changed before it could be locked has another address by then, and
 * is left to the next sweep.
 */
function carefulParts(target: BatchTarget, plan: CopyPlan, span: string): readonly string[] {
  const from = `from ${quoteTable(target.leaf)} as t`;
  return [
    `seen as materialized (
  select t.ctid as tid
  ${from}
  where ${span}
    and ${isPending(target)}
    and exists (select from fence)
    and ${notQuarantined(target)}
)`,
    `picked as materialized (
  select t.ctid as tid
  ${from}
  where t.ctid = any (array(select tid from seen))
    and ${isCopied(plan, 't')}
  for share of t skip locked
)`,
    `same as materialized (
  select tid
  from picked
  where tid in (select tid from seen)
)`,
    `moved as (
  ${insertCopies(
    plan,
    `${from}
  where t.ctid = any (array(select tid from same))`,
  )} do nothing
  returning 1
)`,
    `counted as (
  select
    m.rows,
    (select count(*) from seen)::integer - s.rows as locked,
    s.rows - m.rows as suppressed
  from (select count(*)::integer as rows from moved) as m
  cross join (select count(*)::integer as rows from same) as s
)`,
  ];
}
