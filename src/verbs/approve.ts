import type { GateReport } from '#api';
import { ConditionError } from '#core/errors';
import { innerState } from '#core/state';
import type { Context } from './context.js';
import { findRun } from './find.js';
import { evaluateNow } from './gate.js';

/** Approves the contract: bound to the definition and to the latest verification, void when either changes. */
export async function approve(
  context: Context,
  migration: string,
  options: { readonly reason: string },
): Promise<GateReport> {
  const run = await findRun(context, migration);
  if (innerState(run.state).kind !== 'gated') {
    throw new ConditionError('BELLOWS_NOT_GATED', {
      what: `${run.migration} is ${run.state.kind}, not at its gate.`,
      why: 'An approval is bound to the verification that was made before the gate.',
      left: 'Nothing was changed.',
      next: `bellows status ${run.migration}`,
    });
  }
  await context.database.transaction({}, async (tx) => {
    await tx.query(
      `insert into bellows.approvals (run_id, approved_by, reason, checksum, verification_id)
       values ($1, $2, $3, $4,
         (select max(id) from bellows.verifications where run_id = $1 and finished_at is not null))`,
      [run.id, context.actor, options.reason, run.checksum],
    );
    await tx.query(
      `insert into bellows.history (actor, migration, run_id, action, detail)
       values ($1, $2, $3, 'approve', $4)`,
      [
        context.actor,
        run.migration,
        run.id,
        JSON.stringify({ reason: options.reason, checksum: run.checksum }),
      ],
    );
  });
  return evaluateNow(context, run.migration);
}
