import { displayTable } from '#core/identifier';
import type { CopyPlan } from '#core/plan';
import { truncatedSince, waitingKeys } from '../cut-copy.js';
import { count, type GateContext } from './check.js';

const COUNT_MS = 5_000;
/** More than these are not counted. */
const MOST = 1_000;

/**
 * Writes that the copy trigger could not carry over, those in quarantine aside, and a truncated source that no verification has
 * seen since. Under the lock of the cut both are looked for once more.
 */
export async function waitingCopies(
  { database, run }: GateContext,
  plan: CopyPlan,
): Promise<{ readonly evidence: string; readonly faults: readonly string[] }> {
  const [from, to] = [displayTable(plan.table), displayTable(plan.target)];
  const limits = { readOnly: true, statementTimeoutMs: COUNT_MS, lockTimeoutMs: COUNT_MS };
  const [waiting, truncated] = await database.transaction(limits, async (tx) => {
    const keys = `${waitingKeys(plan, run.id, ['open', 'skipped'])} limit ${MOST + 1}`;
    return [await tx.query(keys), await tx.query(`${truncatedSince(plan, run.id)} limit 1`)] as const;
  });
  const many = waiting.length > MOST ? `more than ${count(MOST, 'write')}` : count(waiting.length, 'write');
  const faults = [
    ...(waiting.length === 0 ? [] : [`${many} of ${from} wait to be carried over to ${to}`]),
    ...(truncated.length === 0
      ? []
      : [
          `${from} was truncated since it was verified, and what was copied before may still stand in ${to}: take it away there, then bellows verify ${run.migration}`,
        ]),
  ];
  return { evidence: `${from}: 0 writes wait to be carried over to ${to}`, faults };
}
