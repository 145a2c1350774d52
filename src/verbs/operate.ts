/** pause, resume, rollback: said to a run, then carried out by whoever leads. */
import { ConditionError } from '#core/errors';
import { isFinal } from '#core/state';
import type { MigrationStatus } from '#core/status';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { refuseDrift } from './drift.js';
import { findRun } from './find.js';
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
  const found = await findRun(context, migration);
  refuseDrift([found], (await context.project()).migrations);
  const run = await tell(context, migration, ({ state }) => ({
    kind: state.kind === 'failed' ? 'retry' : 'resume',
  }));
  return statusOfRun(context, run);
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
export async function carryOut(
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
