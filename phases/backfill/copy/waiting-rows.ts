import { quote, quoteTable } from '#core/identifier';
import type { CopyPlan } from '#core/plan';
import {
  insertCopies,
  isCopied,
  replaceCopy,
  waitingNames,
  waitsFor,
  waitsToReach,
} from '../../expand/copied-row.js';
import type { BatchTarget } from '../batch.js';
import { notQuarantined } from '../batch-rows.js';

/**
 * Brings the rows of the target that belong to noted keys to what the source says now, and forgets the keys.
 *
 * - The source has the row: it is locked FOR SHARE, so that no update is in progress whose trigger has carried over already what
 *   would be replaced by what was before it. READ COMMITTED reads it as it is once the lock is had.
 * - It has it, and the condition is not true of it: under the same lock its copy goes.
 * - It does not have it: the copy goes, if it is still the version that was seen. One that the trigger of an insert in progress
 *   has replaced meanwhile is another version (xmin), which the re-check after the wait tells, and it stays.
 *
 * A key whose row somebody holds, or that changed while it was looked at, is kept for the next time.
 */
export function waitingRows(target: BatchTarget, plan: CopyPlan, span: string): readonly string[] {
  const names = waitingNames(plan).join(', ');
  const source = `from ${quoteTable(plan.table)} as t\n  join keys as w on ${waitsFor(plan, 'w', 't')}`;
  const all = waitingNames(plan)
    .map((name) => `w.${name}`)
    .join(', ');
  const written = plan.key.map((k, i) => `x.${quote(k.target)} as ${waitingNames(plan)[i]}`).join(', ');
  return [
    `taken as materialized (
  select t.ctid as tid, ${waitingNames(plan)
    .map((name) => `t.${name}`)
    .join(', ')}
  from ${quoteTable(plan.waiting)} as t
  where ${span}
    and t.key_1 is not null
    and exists (select from fence)
    and ${notQuarantined(target)}
)`,
    `keys as materialized (select distinct ${names} from taken)`,
    `replaced as (
  ${insertCopies(plan, `${source}\n  where ${isCopied(plan, 't')}\n  for share of t skip locked`)} ${replaceCopy(plan)}
  returning ${written}
)`,
    `unwanted as materialized (
  select ${all}
  ${source}
  where not (${isCopied(plan, 't')})
  for share of t skip locked
)`,
    `ended as (
  delete from ${quoteTable(plan.target)} as x
  using unwanted as w
  where ${waitsToReach(plan, 'w', 'x')}
)`,
    `absent as materialized (
  select ${all}
  from keys as w
  where not exists (select from ${quoteTable(plan.table)} as t where ${waitsFor(plan, 'w', 't')})
)`,
    `left_over as materialized (
  select ${all}, x.xmin as version
  from absent as w
  join ${quoteTable(plan.target)} as x on ${waitsToReach(plan, 'w', 'x')}
)`,
    `removed as (
  delete from ${quoteTable(plan.target)} as x
  using left_over as w
  where ${waitsToReach(plan, 'w', 'x')}
    and x.xmin = w.version
)`,
    `settled as (
  select ${names} from replaced
  union
  select ${names} from unwanted
  union
  select ${names} from absent
)`,
    `moved as (
  delete from ${quoteTable(plan.waiting)} as t
  where t.ctid = any (array(select taken.tid from taken join settled using (${names})))
  returning 1
)`,
    `counted as (
  select m.rows, (select count(*) from taken)::integer - m.rows as locked, 0 as suppressed
  from (select count(*)::integer as rows from moved) as m
)`,
  ];
}
