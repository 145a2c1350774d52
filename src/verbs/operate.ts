/** pause, resume, rolling back: said to a run, then carried out by whoever leads. */
import type { MigrationStatus } from '#core/status';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { refuseDrift } from './drift.js';
import { findRun } from './find.js';
import { startLeader } from './processes.js';
import { sleep } from './sleep.js';
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

/** Of a phased migration, before contract. */
export async function rollBackRun(
  context: Context,
  run: RunRow,
  options: { readonly signal?: AbortSignal } = {},
): Promise<MigrationStatus> {
  if (run.state.kind !== 'rolling_back') await tell(context, run.migration, () => ({ kind: 'roll_back' }));
  return carryOut(context, run, options.signal, ({ kind }) => kind !== 'rolling_back');
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
