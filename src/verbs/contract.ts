import type { GateReport } from '#api';
import { ConditionError } from '#core/errors';
import { holds } from '#core/gate';
import type { MigrationStatus } from '#core/status';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { refuseDrift } from './drift.js';
import { findRun } from './find.js';
import { evaluateNow } from './gate.js';
import { refuseUnlessGated } from './not-gated.js';
import { carryOut } from './operate.js';
import { tell } from './transitions.js';

/** Contracts now: every check is evaluated once more, and what is missing is said. */
export async function contract(
  context: Context,
  migration: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<MigrationStatus> {
  const run = await findRun(context, migration);
  refuseDrift([run], (await context.project()).migrations);
  if (!hasBegun(run.state)) await open(context, run);
  const status = await carryOut(context, run, options.signal, (state) => state.kind !== 'contracting');
  const { state } = await findRun(context, run.migration);
  if (state.kind === 'gated' && state.fellBack !== undefined)
    throw fellBack(run.migration, state.fellBack.reason);
  return status;
}

async function open(context: Context, run: RunRow): Promise<void> {
  refuseUnlessGated(run);
  const report = await evaluateNow(context, run.migration);
  if (!report.open) throw shut(report);
  try {
    await tell(context, run.migration, () => ({ kind: 'contract' }));
  } catch (error) {
    // An approved open gate is contracted by the leader too, which may be first: what counts is that it has begun.
    if (!hasBegun((await findRun(context, run.migration)).state)) throw error;
  }
}

function hasBegun({ kind }: RunRow['state']): boolean {
  return kind === 'contracting' || kind === 'done';
}

function shut({ migration, checks }: GateReport): ConditionError {
  const missing = checks.filter(holds);
  return new ConditionError('BELLOWS_GATE_SHUT', {
    what: `The gate of ${migration} is shut by ${missing.map((c) => c.check).join(', ')}.`,
    why: missing.map((c) => `${c.check}: ${c.evidence}`).join('; '),
    left: 'Nothing was changed; both shapes are kept equal.',
    next: missing[0]?.release ?? `bellows gate ${migration}`,
  });
}

function fellBack(migration: string, reason: string): ConditionError {
  return new ConditionError('BELLOWS_CONTRACT_FELL_BACK', {
    what: `The contract of ${migration} could not be proven and fell back to its gate.`,
    why: reason,
    left: 'Nothing was dropped, what the contract had added was taken back, and both shapes are kept equal.',
    next: `correct the rows, then bellows approve ${migration} --reason "…"`,
  });
}
