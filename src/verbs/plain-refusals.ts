/** Where plain SQL files and database do not fit together, and running on would make it worse. */
import { ConditionError, DriftError } from '#core/errors';
import type { PlainState } from './plain.js';

/** A file that stopped between two of its statements is ended by a person, before anything behind it runs. */
export function refuseStopped({ files }: PlainState): void {
  const stopped = files.find(({ state }) => state === 'stopped');
  if (stopped === undefined) return;
  const { file, row } = stopped;
  const failure = row?.failure ?? null;
  throw new ConditionError(
    'BELLOWS_SQL_UNRESOLVED',
    {
      what: `${file.file} stopped between two of its statements${failure === null ? '' : `, at line ${failure.line}: ${failure.message}`}.`,
      why: 'It is more than one transaction: what ran before is kept, and what comes after it may count on all of it.',
      left: `${row?.unitsDone ?? 0} of its transactions took effect. Nothing behind it was run.`,
      next: `bellows resolve ${file.id} --continue (goes on from there), --applied (you finished it by hand) or --rolled-back (you took it back by hand).`,
    },
    { migration: file.id },
  );
}

/** An applied file that was edited says something that was never run. */
export function refuseEdited({ files }: PlainState): void {
  const edited = files.filter(({ oddity }) => oddity === 'edited').map(({ file }) => file);
  const renamed = files.flatMap(({ file, oddity }) =>
    oddity !== null && typeof oddity === 'object' ? [{ file, from: oddity.renamedFrom }] : [],
  );
  if (edited.length === 0 && renamed.length === 0) return;
  throw new DriftError(
    {
      what: [
        ...edited.map(({ file }) => `${file} was edited after it was applied.`),
        ...renamed.map(
          ({ file, from }) => `${file.file} was applied as ${from}, and would be applied a second time.`,
        ),
      ].join('\n'),
      why: 'What the file says now has never run here; other databases would come out different.',
      left: 'Nothing was changed.',
      next:
        edited.length > 0
          ? `Restore the file and write a new migration; or, if the edit changes nothing: bellows resolve ${edited[0]?.id} --applied`
          : `Give the file its name back; or, if it was meant: bellows resolve ${renamed[0]?.file.id} --applied`,
    },
    { edited: edited.map(({ id }) => id), renamed: renamed.map(({ file }) => file.id) },
  );
}

/** With `--strict`: a pending file below what is applied came in late, from a branch that was merged after another. */
export function refuseLate({ files, ledger }: PlainState): void {
  const late = files.filter(({ oddity }) => oddity === 'late').map(({ file }) => file);
  if (late.length === 0) return;
  const newest = [...ledger.applied].reduce((a, b) => (a > b ? a : b), '');
  throw new ConditionError(
    'BELLOWS_SQL_LATE',
    {
      what: `${late.map(({ file }) => file).join(' and ')} ${late.length === 1 ? 'is' : 'are'} older than ${newest}, which is applied.`,
      why: 'With strict order a database that is migrated now would come out in another order than the ones before it.',
      left: 'Nothing was changed.',
      next: 'Give it a version of now (bellows new makes one), or run without --strict.',
    },
    { late: late.map(({ id }) => id), newest },
  );
}
