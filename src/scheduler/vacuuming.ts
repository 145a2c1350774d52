/** The leader's vacuums: beside everything else that it does, since one may take minutes. */
import { sqlstateOf } from '#core/sqlstate';
import { watchHorizon } from '#phases/backfill/horizon';
import { vacuumAsItGoes } from '#phases/backfill/vacuum';
import type { SchedulerDeps } from './deps.js';

const LOOK_MS = 250;

/** Vacuums the tables of all runs that are backfilling, one after the other, until the signal is aborted. */
export async function keepVacuuming(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { database, emit, store } = deps;
  const vacuum = { database, emit, horizon: watchHorizon(), now: () => performance.now() };
  while (!signal.aborted) {
    const runs = await store.alive().catch(() => []);
    for (const run of runs.filter(({ state }) => state.kind === 'backfilling')) {
      await vacuumAsItGoes(vacuum, run, signal).catch((error: unknown) => {
        if (!signal.aborted)
          emit('postgres:error', { operation: 'control', sqlstate: sqlstateOf(error) ?? 'none' });
      });
    }
    await deps.sleep(LOOK_MS, signal);
  }
}
