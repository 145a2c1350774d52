/** Of a run at its gate: whether the leader will move it by itself, or a person has to. */
import type { UpOptions } from '#api';
import { CHECKS, type CheckResult, isMended, waitsForApprovalOnly } from '#core/gate';
import { gateSince } from '#core/state';
import type { RunRow } from '#ports';
import { isNeighbour } from '#scheduler/neighbours';
import { approve } from './approve.js';
import { closedNow } from './closed.js';
import type { Context } from './context.js';

export type Until = NonNullable<UpOptions['until']>;

/** `waiting`: behind another migration that stands at its gate; a person moves that one. `stuck`: failed, paused, rolled back. */
export type Judgement = 'moving' | 'reached' | 'waiting' | 'stuck';

export async function judgeGate(
  context: Context,
  run: RunRow,
  until: Until,
  options: UpOptions,
): Promise<Judgement> {
  if (until === 'expanded') return 'reached';
  const results = await freshChecks(context, run);
  if (results === null) return 'moving';
  if (options.approve !== undefined && waitsForApprovalOnly(results)) {
    await approve(context, run.migration, options.approve);
    return 'moving';
  }
  const shut = results.some((r) => r.skipped === null && r.verdict !== 'pass' && r.verdict !== 'n/a');
  if (results.some(isMended) || (!shut && closedNow(context, run) === null)) return 'moving';
  if (await isOutdated(context, run, results, until)) return 'moving';
  return until === 'done' ? 'waiting' : 'reached';
}

/**
 * Another run has moved since the checks were evaluated: one on the same tables changed what they saw, and any may have
 * released the gate. The leader looks again within seconds.
 */
async function isOutdated(
  { store }: Context,
  run: RunRow,
  results: readonly CheckResult[],
  until: Until,
): Promise<boolean> {
  const others = (await store.runs()).filter(
    (r) => r.id !== run.id && (until === 'done' || isNeighbour(run, r)),
  );
  const moved = others.map((r) => Date.parse(r.updatedAt));
  return results.some((r) => moved.some((at) => at > Date.parse(r.at)));
}

/** All checks, evaluated since the gate was reached; null while the leader has not done so. */
async function freshChecks({ store }: Context, run: RunRow): Promise<readonly CheckResult[] | null> {
  if (run.state.kind !== 'gated') return null;
  const since = Date.parse(gateSince(run.state));
  const results = (await store.checks(run)).filter((r) => Date.parse(r.at) >= since);
  return results.length === CHECKS.length ? results : null;
}
