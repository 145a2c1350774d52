/** pause, resume, contract, rollback: said to a run, then carried out by whoever leads. */
import { ConditionError } from '#core/errors';
import { holds, isOpen } from '#core/gate';
import { isFinal } from '#core/state';
import type { MigrationStatus } from '#core/status';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { refuseDrift } from './drift.js';
import { findRun } from './find.js';
import { evaluateNow } from './gate.js';
import { refuseUnlessGated } from './not-gated.js';
import { sleep, startLeader } from './processes.js';
import { statusOfRun } from './status.js';
import { tell } from './transitions.js';

export async function pause(
  context: Context,
  migration: string,
  options: { readonly reason: string },
): Promise<MigrationStatus> {
  const run = await tell(context, migration, () => ({
    kind: 'pause',
    by: context.actor,
    reason: options.reason,
  }));
  return statusOfRun(context, run);
}

export async function resume(context: Context, migration: string): Promise<MigrationStatus> {
  const run = await tell(context, migration, ({ state }) => ({
    kind: state.kind === 'failed' ? 'retry' : 'resume',
  }));
  return statusOfRun(context, run);
}

export async function contract(
  context: Context,
  migration: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<MigrationStatus> {
  const run = await findRun(context, migration);
  refuseDrift([run], (await context.project()).migrations);
  // Approved and open: the leader may have been first.
  if (run.state.kind === 'contracting' || run.state.kind === 'done')
    return carryOut(context, run, options.signal, isContracted);
  refuseUnlessGated(run);
  const report = await evaluateNow(context, run.migration);
  if (!isOpen(report.checks)) {
    const shut = report.checks.filter(holds);
    throw new ConditionError('BELLOWS_GATE_SHUT', {
      what: `The gate of ${run.migration} is shut by ${shut.map((c) => c.check).join(', ')}.`,
      why: shut.map((c) => `${c.check}: ${c.evidence}`).join('; '),
      left: 'Nothing was changed; both shapes are kept equal.',
      next: shut[0]?.release ?? `bellows gate ${run.migration}`,
    });
  }
  const current = await findRun(context, run.migration);
  if (current.state.kind === 'gated') await begin(context, run.migration);
  const status = await carryOut(context, run, options.signal, isContracted);
  const { state } = await findRun(context, run.migration);
  if (state.kind === 'gated' && state.fellBack !== undefined)
    throw fellBack(run.migration, state.fellBack.reason);
  return status;
}

function fellBack(migration: string, reason: string): ConditionError {
  return new ConditionError('BELLOWS_CONTRACT_FELL_BACK', {
    what: `The contract of ${migration} could not be proven and fell back to its gate.`,
    why: reason,
    left: 'Nothing was dropped, what the contract had added was taken back, and both shapes are kept equal.',
    next: `correct the rows, then bellows approve ${migration} --reason "…"`,
  });
}

/** An approved open gate is contracted by the leader too, which may be first: what counts is that it has begun. */
async function begin(context: Context, migration: string): Promise<void> {
  try {
    await tell(context, migration, () => ({ kind: 'contract' }));
  } catch (error) {
    const { state } = await findRun(context, migration);
    if (state.kind !== 'contracting' && state.kind !== 'done') throw error;
  }
}

function isContracted({ kind }: RunRow['state']): boolean {
  return kind !== 'contracting';
}

export async function rollback(
  context: Context,
  migration: string | undefined,
  options: { readonly signal?: AbortSignal } = {},
): Promise<MigrationStatus> {
  const run = migration === undefined ? await newest(context) : await findRun(context, migration);
  if (run.state.kind !== 'rolling_back') await tell(context, run.migration, () => ({ kind: 'roll_back' }));
  return carryOut(context, run, options.signal, ({ kind }) => kind !== 'rolling_back');
}

async function newest({ store }: Context): Promise<RunRow> {
  const run = (await store.runs())
    .filter((r) => !isFinal(r.state))
    .sort((a, b) => (a.migration < b.migration ? 1 : -1))[0];
  if (run !== undefined) return run;
  throw new ConditionError('BELLOWS_NOTHING_TO_ROLL_BACK', {
    what: 'No migration is in flight.',
    why: 'What is done has no way back but a new migration.',
    left: 'Nothing was changed.',
    next: 'bellows status',
  });
}

/** Leads if nobody does, and waits until the run has left the state that was asked for. */
async function carryOut(
  context: Context,
  run: RunRow,
  outer: AbortSignal | undefined,
  finished: (state: RunRow['state']) => boolean,
): Promise<MigrationStatus> {
  const stop = new AbortController();
  const signal = outer === undefined ? stop.signal : AbortSignal.any([stop.signal, outer]);
  const leading = startLeader(context, signal);
  try {
    const watching = async () => {
      for (
        let current = await context.store.runById(run.id);
        !signal.aborted;
        current = await context.store.runById(run.id)
      ) {
        if (current === null || finished(current.state)) break;
        await sleep(100, signal);
      }
    };
    await Promise.race([watching(), leading]);
  } finally {
    stop.abort();
    await Promise.allSettled([leading]);
  }
  return statusOfRun(context, (await context.store.runById(run.id)) ?? run);
}
