/** An edited, missing or renamed file stops the run, and says what differs. */
import { DriftError } from '#core/errors';
import { isFinal } from '#core/state';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';

/** In words; null where file and run agree. */
export function driftOf(run: RunRow, files: readonly LoadedMigration[]): string | null {
  if (isFinal(run.state) || run.state.kind === 'pending') return null;
  const file = files.find((f) => f.id === run.migration);
  if (file === undefined) {
    const renamed = files.find((f) => f.checksum === run.checksum);
    return renamed === undefined ? 'its file is gone' : `its file was renamed to ${renamed.id}`;
  }
  if (file.checksum === run.checksum) return null;
  return `its file was edited: checksum ${file.checksum.slice(0, 8)}, the run began with ${run.checksum.slice(0, 8)}`;
}

export function refuseDrift(runs: readonly RunRow[], files: readonly LoadedMigration[]): void {
  const drifted = runs.flatMap((run) => {
    const drift = driftOf(run, files);
    return drift === null ? [] : [`${run.migration}: ${drift}`];
  });
  if (drifted.length === 0) return;
  throw new DriftError(
    {
      what: drifted.join('; '),
      why: 'A run is carried out as it was begun; with another definition nobody could say what the rows that were already moved mean.',
      left: 'The runs stand where they were; their triggers keep both shapes equal.',
      next: 'Restore the file (git checkout), or bellows rollback <id> and write a new migration.',
    },
    { drifted },
  );
}
