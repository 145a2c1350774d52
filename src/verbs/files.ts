/** Which files of the migrations folder a verb works on, and that they can be worked on. */
import type { UpOptions } from '#api';
import { DefinitionError } from '#core/errors';
import type { LoadedMigration, Project } from '#project/project';
import { isNamed } from './find.js';

/** Throws what is wrong with the files, all of it at once. */
export function refuseProblems({ problems }: Project): void {
  const first = problems[0]?.error;
  if (first === undefined) return;
  if (problems.length === 1) throw first;
  throw new DefinitionError({
    what: problems.map((p) => p.error.text.what).join('\n'),
    ...(first.text.why === undefined ? {} : { why: first.text.why }),
    left: 'Nothing was changed.',
    next: 'Correct these files, then bellows up.',
  });
}

/** Throws `DefinitionError` where no file has the name. */
export function select(
  files: readonly LoadedMigration[],
  { migration, to }: UpOptions,
): readonly LoadedMigration[] {
  const name = migration ?? to;
  if (name === undefined) return files;
  const file = files.find((f) => isNamed(f.id, name));
  if (file === undefined) {
    throw new DefinitionError({
      what: `There is no migration "${name}" in the migrations folder.`,
      left: 'Nothing was changed.',
      next: 'bellows status lists them.',
    });
  }
  return migration === undefined ? files.filter((f) => f.id <= file.id) : [file];
}
