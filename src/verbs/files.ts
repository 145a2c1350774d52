import { DefinitionError } from '#core/errors';
import type { Project } from '#project/project';

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
