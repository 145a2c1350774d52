/** The functions of the migrations folder, for the workers: a plan cannot hold them. */
import { backfillsOf, type Transform } from '#core/definition';
import { BellowsError, DriftError } from '#core/errors';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import type { Context } from './context.js';

/**
 * Loaded once for each run: its file is frozen, and what was loaded is what its checksum says.
 *
 * The function throws `BELLOWS_TRANSFORM_MISSING` where this process does not have the file, and `DriftError` where it has
 * another one than the run began with.
 */
export function transformsOf(context: Context): (run: RunRow, backfill: number) => Promise<Transform> {
  const loaded = new Map<string, LoadedMigration>();
  return async (run, backfill) => {
    const key = `${run.migration} ${run.checksum}`;
    const file = loaded.get(key) ?? (await load(context, run));
    loaded.set(key, file);
    const transform = backfillsOf(file.definition)[backfill]?.transform;
    if (transform === undefined) throw missing(run);
    return transform;
  };
}

async function load(context: Context, run: RunRow): Promise<LoadedMigration> {
  const file = (await context.project()).migrations.find(({ id }) => id === run.migration);
  if (file === undefined) throw missing(run);
  if (file.checksum === run.checksum) return file;
  throw new DriftError({
    what: `The file of ${run.migration} that a worker has is not the one that the run began with.`,
    why: 'Its transform may compute something else, for some of the rows.',
    left: 'What was transformed before is committed and in the ledger.',
    next: `Give every worker the same migrations folder, then: bellows resume ${run.migration}`,
  });
}

function missing({ migration }: RunRow): BellowsError {
  return new BellowsError(
    'BELLOWS_TRANSFORM_MISSING',
    {
      what: `A worker does not have the file of ${migration}, or cannot load it.`,
      why: 'Its transform is TypeScript and stands in that file; a worker runs it.',
      left: 'What was transformed before is committed and in the ledger.',
      next: `Give every worker the migrations folder, then: bellows resume ${migration}`,
    },
    { migration },
  );
}
