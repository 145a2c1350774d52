/** What of a copy is not done: keys that wait, and a truncated source that nobody has looked at since. */
import { displayTable, quoteTable } from '#core/identifier';
import type { CopyPlan, Guard } from '#core/plan';
import { waitingKey } from '../expand/copied-row.js';

/** SQL of the keys that wait, over the alias `w`; those in quarantine too, unless an operator chose to skip them. */
export function waitingKeys(plan: CopyPlan, runId: number, states: readonly string[] = ['skipped']): string {
  return `select 1 from ${quoteTable(plan.waiting)} as w where w.key_1 is not null and not ${isAside(plan, runId, states)}`;
}

/** SQL of a boolean over the alias `w`: the key has an entry in the quarantine. */
export function isAside(plan: CopyPlan, runId: number, states: readonly string[]): string {
  const list = states.map((state) => `'${state}'`).join(', ');
  return `exists (select from bellows.quarantine q where q.run_id = ${runId} and q.backfill = ${plan.index} and q.state in (${list}) and q.row_key = ${waitingKey(plan, 'w')})`;
}

/** SQL of the times at which the source, or a leaf of it, was truncated after the newest verification had begun. */
export function truncatedSince({ waiting }: CopyPlan, runId: number): string {
  const verified = `select max(v.started_at) from bellows.verifications v where v.run_id = ${runId} and v.finished_at is not null`;
  return `select w.noted_at from ${quoteTable(waiting)} as w where w.key_1 is null and w.noted_at > coalesce((${verified}), '-infinity')`;
}

/**
 * Under the lock of the cut no write of the source is in progress, so no key can be noted any more. That each row was copied is
 * what the walk, its sweep and the verification have shown; that nothing was missed since, these and the standing triggers.
 */
export function nothingWaits(plan: CopyPlan, runId: number): readonly Guard[] {
  const [from, to] = [displayTable(plan.table), displayTable(plan.target)];
  return [
    {
      title: `no write of ${from} waits to be carried over to ${to}`,
      sql: `${waitingKeys(plan, runId)} limit 1`,
    },
    {
      title: `${from} was not truncated since its copies in ${to} were verified`,
      sql: `${truncatedSince(plan, runId)} limit 1`,
    },
  ];
}
