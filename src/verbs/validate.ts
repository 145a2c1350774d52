/** `validate`: everything that is wrong with the files, and between them and the database. Nothing is changed. */
import type { Validation, ValidationFinding } from '#api';
import { BellowsError } from '#core/errors';
import type { SqlMigration } from '#core/sql-migration';
import { hasWayBack, prepareDown, prepareUp } from '#everyday/sql/prepare';
import type { Reconciled } from '#everyday/sql/reconcile';
import type { RunRow } from '#ports';
import type { FileProblem, Project } from '#project/project';
import type { Context } from './context.js';
import { driftOf } from './drift.js';
import { type PlainState, readPlain } from './plain.js';
import { isInstalled } from './status.js';
import { timelineOf } from './timeline.js';

export async function validate(context: Context): Promise<Validation> {
  const project = await context.project();
  const plain = await readPlain(context, project);
  const runs = (await isInstalled(context)) ? await context.store.runs() : [];
  return {
    database: true,
    migrations: timelineOf(project).length,
    findings: [...fileFindings(project), ...phasedFindings(runs, project), ...plainFindings(plain)],
  };
}

/** Without a database: what the files alone can be wrong in. `loadParser()` must have been awaited. */
export function validateFiles(project: Project): Validation {
  return { database: false, migrations: timelineOf(project).length, findings: fileFindings(project) };
}

function fileFindings({
  problems,
  plain,
}: Pick<Project, 'problems' | 'plain'>): readonly ValidationFinding[] {
  return [...problems.map(ofProblem), ...plain.flatMap(sqlFindings)];
}

function ofProblem({ id, file, error }: FileProblem): ValidationFinding {
  return ofError(error, id, file);
}

/** Both blocks are read as they would be run. */
function sqlFindings(migration: SqlMigration): readonly ValidationFinding[] {
  const reads = [() => prepareUp(migration), () => (hasWayBack(migration) ? prepareDown(migration) : null)];
  return reads.flatMap((read) => {
    try {
      read();
      return [];
    } catch (error) {
      if (!(error instanceof BellowsError)) throw error;
      return [ofError(error, migration.id, migration.file)];
    }
  });
}

function ofError(error: BellowsError, migration: string | null, file: string): ValidationFinding {
  const number = (name: string) => {
    const value = error.data[name];
    return typeof value === 'number' ? value : null;
  };
  return {
    ...{ kind: 'file', migration, file, line: number('line'), column: number('column') },
    ...{ code: error.code, message: error.text.what, next: error.text.next ?? 'Correct the file.' },
  };
}

function phasedFindings(runs: readonly RunRow[], { migrations }: Project): readonly ValidationFinding[] {
  return runs.flatMap((run) => {
    const drift = driftOf(run, migrations);
    if (drift === null) return [];
    const file = migrations.find(({ id }) => id === run.migration)?.file ?? null;
    const kind = file !== null ? 'edited' : drift.includes('renamed') ? 'renamed' : 'missing';
    return [
      finding(kind, run.migration, file, `${run.migration}: ${drift}`, 'Restore the file (git checkout).'),
    ];
  });
}

function plainFindings({ files, missing }: PlainState): readonly ValidationFinding[] {
  return [
    ...files.flatMap((one) => ofReconciled(one) ?? []),
    ...missing.map(({ id }) =>
      finding(
        'missing',
        id,
        null,
        `${id} is applied, and its file is gone.`,
        'Restore the file (git log shows it).',
      ),
    ),
  ];
}

function ofReconciled({ file: { id, file }, oddity, state }: Reconciled): ValidationFinding | null {
  const says = (kind: ValidationFinding['kind'], what: string, next: string) =>
    finding(kind, id, file, `${file} ${what}.`, next);
  if (state === 'stopped')
    return says('unresolved', 'stopped between two of its statements', `bellows resolve ${id}`);
  if (oddity === null) return null;
  if (oddity === 'late')
    return says(
      'late',
      'is older than what is applied',
      'Give it a version of now, or apply it as it is: bellows up.',
    );
  if (oddity === 'edited')
    return says(
      'edited',
      'was edited after it was applied',
      `Restore it, or bellows resolve ${id} --applied where the edit changes nothing.`,
    );
  return says('renamed', `was applied as ${oddity.renamedFrom}`, 'Give the file its name back.');
}

function finding(
  kind: ValidationFinding['kind'],
  migration: string,
  file: string | null,
  message: string,
  next: string,
): ValidationFinding {
  const code = `BELLOWS_VALIDATE_${kind.toUpperCase()}`;
  return { kind, migration, file, line: null, column: null, code, message, next };
}
