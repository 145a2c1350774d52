import type { GateReport } from '#api';
import type { Context } from './context.js';
import { findRun } from './find.js';
import { evaluateNow } from './gate.js';
import { refuseUnlessGated } from './not-gated.js';

/** Approves the contract: bound to the definition and to the latest verification, void when either changes. */
export async function approve(
  context: Context,
  migration: string,
  options: { readonly reason: string },
): Promise<GateReport> {
  const run = await findRun(context, migration);
  refuseUnlessGated(run);
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
