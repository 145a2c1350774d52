import { fail, notApplicable, pass } from '#core/gate';
import type { Row } from '#ports';
import { latestVerification } from '../verify-record.js';
import { type GateCheck, type GateContext, waived } from './check.js';

interface ApprovalRow extends Row {
  readonly approvedBy: string;
  readonly approvedAt: string;
  readonly checksum: string;
  readonly verification: number | null;
}

/** Somebody approved exactly this: the same checksum, and the verification that is the newest now. */
export const approval: GateCheck = {
  id: 'approval',
  evaluate: async (context) => {
    const { database, run, approvalRequired, environment } = context;
    const approve = `bellows approve ${run.migration} --reason "…"`;
    const newest = await newestApproval(context);
    const { state } = run;
    const fellBack = state.kind === 'gated' ? state.fellBack : undefined;
    // Also where no approval is required: contracting again what could not be proven would scan the table for ever.
    if (
      fellBack !== undefined &&
      !(newest !== null && Date.parse(newest.approvedAt) > Date.parse(fellBack.at))
    ) {
      return fail(
        `the contract began and fell back: ${fellBack.reason}`,
        `correct the rows, then ${approve}`,
      );
    }
    const off = waived(context);
    if (off !== null) return off;
    if (!approvalRequired) return notApplicable(`not required in environment ${environment}`);
    if (newest === null) return fail('nobody has approved it', approve);
    const who = `approved by ${newest.approvedBy} at ${newest.approvedAt}`;
    if (newest.checksum !== run.checksum) return fail(`void: ${who}, for another checksum`, approve);
    const verified = await latestVerification(database, run.id);
    const now = verified?.id ?? null;
    if (newest.verification === now) return pass(now === null ? who : `${who}, on verification ${now}`);
    const then =
      newest.verification === null ? 'without a verification' : `on verification ${newest.verification}`;
    return fail(`void: ${who}, ${then}; the newest is ${now ?? 'none'}`, approve);
  },
};

async function newestApproval({ database, run }: GateContext): Promise<ApprovalRow | null> {
  const [row] = await database.query<ApprovalRow>(
    `select
       approved_by as "approvedBy",
       approved_at as "approvedAt",
       checksum,
       verification_id as verification
     from bellows.approvals
     where run_id = $1
     order by id desc
     limit 1`,
    [run.id],
  );
  return row ?? null;
}
