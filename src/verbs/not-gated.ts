import { ConditionError } from '#core/errors';
import { innerState } from '#core/state';
import type { RunRow } from '#ports';

/** Approving and contracting are for a run that stands at its gate: what they rest on was verified on the way there. */
export function refuseUnlessGated(run: RunRow): void {
  if (run.state.kind === 'gated') return;
  const inner = innerState(run.state).kind;
  const stands = inner === run.state.kind ? inner : `${run.state.kind} (${inner})`;
  throw new ConditionError('BELLOWS_NOT_GATED', {
    what: `${run.migration} is ${stands}, not at its gate.`,
    why: 'Approval and contract rest on the verification that is made on the way to the gate.',
    left: 'Nothing was changed.',
    next: `bellows status ${run.migration}`,
  });
}
