/** The leader's vacuums: beside everything else that it does, since one may take minutes. */
import { sqlstateOf } from '#core/sqlstate';
import { watchHorizon } from '#phases/backfill/horizon';
import { heldCatchUps, vacuumAsItGoes } from '#phases/backfill/vacuum';
import type { RunRow } from '#ports';
import type { SchedulerDeps } from './deps.js';

const LOOK_MS = 250;

/** Vacuums the tables of all runs that move rows, one after the other, until the signal is aborted. */
export async function keepVacuuming(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { database, emit } = deps;
  const vacuum = { database, emit, horizon: watchHorizon(), now: () => performance.now() };
  while (!signal.aborted) {
    for (const run of await movingRows(deps).catch(() => [])) {
      await vacuumAsItGoes(vacuum, run, signal).catch((error: unknown) => {
        if (!signal.aborted)
          emit('postgres:error', { operation: 'control', sqlstate: sqlstateOf(error) ?? 'none' });
      });
    }
    await deps.sleep(LOOK_MS, signal);
  }
}

/** At the gate only while dead rows hold what is caught up with: of itself that leaves too few to be worth a vacuum. */
async function movingRows({ database, store }: SchedulerDeps): Promise<readonly RunRow[]> {
  const runs = await store.alive();
  const gated = runs.filter(({ state }) => state.kind === 'gated');
  const held = await heldCatchUps(
    database,
    gated.map(({ id }) => id),
  );
  return runs.filter(({ id, state }) => state.kind === 'backfilling' || held.has(id));
}
