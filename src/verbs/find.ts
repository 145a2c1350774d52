import { BellowsError, EXIT } from '#core/errors';
import type { RunRow } from '#ports';
import type { Context } from './context.js';

/** A migration is named by its id, or by the fourteen digits of its version. */
export function isNamed(id: string, name: string): boolean {
  return id === name || id.startsWith(`${name}_`);
}

/** The run of a migration, by its id or its version. Throws where there is none. */
export async function findRun({ store }: Context, migration: string): Promise<RunRow> {
  return runNamed(await store.runs(), migration);
}

/** The same among runs that were read already. */
export function runNamed(runs: readonly RunRow[], migration: string): RunRow {
  const run = runs.find((r) => isNamed(r.migration, migration));
  if (run !== undefined) return run;
  throw new BellowsError(
    'BELLOWS_UNKNOWN_MIGRATION',
    {
      what: `No run of a migration named "${migration}" is known.`,
      why:
        runs.length === 0
          ? 'Nothing was run on this database yet.'
          : `Known are: ${runs.map((r) => r.migration).join(', ')}.`,
      left: 'Nothing was changed.',
      next: 'bellows status',
    },
    { migration },
    EXIT.usage,
  );
}
