/** The leader's vacuums: beside everything else that it does, since one may take minutes. */
import { sqlstateOf } from '#core/sqlstate';
import { watchHorizon } from '#phases/backfill/horizon';
import { isCatchUpHeld, vacuumAsItGoes } from '#phases/backfill/vacuum';
import type { RunRow } from '#ports';
import type { SchedulerDeps } from './deps.js';

const LOOK_MS = 250;

/** Vacuums the tables of all runs that move rows, one after the other, until the signal is aborted. */
export async function keepVacuuming(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { database, emit, store } = deps;
  const vacuum = { database, emit, horizon: watchHorizon(), now: () => performance.now() };
  const vacuumOf = async (run: RunRow): Promise<void> => {
    const { kind } = run.state;
    if (kind === 'backfilling' || (kind === 'gated' && (await isCatchUpHeld(database, run.id))))
      await vacuumAsItGoes(vacuum, run, signal);
  };
  while (!signal.aborted) {
    const runs = await store.alive().catch(() => []);
    for (const run of runs) {
      await vacuumOf(run).catch((error: unknown) => {
        if (!signal.aborted)
          emit('postgres:error', { operation: 'control', sqlstate: sqlstateOf(error) ?? 'none' });
      });
    }
    await deps.sleep(LOOK_MS, signal);
  }
}
