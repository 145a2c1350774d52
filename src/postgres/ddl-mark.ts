import type { Step } from '#core/plan';
import type { Session } from '#ports';
import type { Attempt, Ddl } from './ddl-context.js';
import { demandLease } from './fence.js';
import { recordEntry } from './history.js';
import { markStepDone } from './steps.js';

/** Whether the step is recorded as done. */
export async function isMarked(session: Session, runId: number, step: Step): Promise<boolean> {
  const rows = await session.query(
    `select from bellows.steps
     where run_id = $1
     and step_id = $2
     and state = 'done'`,
    [runId, step.id],
  );
  return rows.length > 0;
}

/** Records the step as done, with its history row, in the caller's transaction. */
export async function mark(
  tx: Session,
  { settings }: Ddl,
  { run, step }: Attempt,
  skipped: boolean,
): Promise<void> {
  await markStepDone(tx, run.id, step.id);
  await recordEntry(tx, {
    actor: settings.actor,
    migration: run.migration,
    runId: run.id,
    action: 'step_done',
    detail: { step: step.id, title: step.title, skipped },
  });
}

/** For what ran outside of a transaction: the mark follows in one of its own, if the lease is still ours. */
export async function markAfterwards(ddl: Ddl, attempt: Attempt, skipped: boolean): Promise<void> {
  await ddl.database.transaction({ statementTimeoutMs: 10_000, synchronousCommit: true }, async (tx) => {
    await demandLease(tx, attempt.fence);
    await mark(tx, ddl, attempt, skipped);
  });
}
