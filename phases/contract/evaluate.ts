import { CHECKS, type CheckId, type Finding, unknown } from '#core/gate';
import { safeMessage } from '#core/sqlstate';
import { approval } from './checks/approval.js';
import type { GateCheck, GateContext } from './checks/check.js';
import { checksum } from './checks/checksum.js';
import { conflicts } from './checks/conflicts.js';
import { constraints } from './checks/constraints.js';
import { deployed } from './checks/deployed.js';
import { fingerprint } from './checks/fingerprint.js';
import { indexes } from './checks/indexes.js';
import { ledger } from './checks/ledger.js';
import { pendingRows } from './checks/pending-rows.js';
import { quarantine } from './checks/quarantine.js';
import { queries } from './checks/queries.js';
import { soak } from './checks/soak.js';
import { syncTrigger } from './checks/sync-trigger.js';
import { values } from './checks/values.js';

export type { GateCheck, GateContext } from './checks/check.js';

const EVALUATED: { readonly [Id in CheckId]: GateCheck } = {
  ledger,
  pending_rows: pendingRows,
  quarantine,
  values,
  constraints,
  indexes,
  sync_trigger: syncTrigger,
  fingerprint,
  checksum,
  soak,
  deployed,
  queries,
  conflicts,
  approval,
};

/** Evaluates every check, in the order of `CHECKS`: none hides another, and one that throws is unknown. Never throws. */
export async function evaluateGate(context: GateContext): Promise<Record<CheckId, Finding>> {
  const findings: [CheckId, Finding][] = [];
  for (const id of CHECKS) findings.push([id, await evaluate(EVALUATED[id], context)]);
  return Object.fromEntries(findings) as Record<CheckId, Finding>;
}

async function evaluate(check: GateCheck, context: GateContext): Promise<Finding> {
  try {
    return await check.evaluate(context);
  } catch (error) {
    return unknown(
      `the check could not be read: ${safeMessage(error)}`,
      `remove the cause, then bellows gate ${context.run.migration}`,
    );
  }
}
