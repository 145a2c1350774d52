/** Runs one file, up or down, and records it. */
import { DriftError } from '#core/errors';
import type { StatementCost } from '#core/events';
import type { SqlMigration } from '#core/sql-migration';
import type { Session } from '#ports';
import { type Book, markApplied, markRolledBack, markRunning, markUnitDone } from './bookkeeping.js';
import { concurrentIndex } from './concurrent-index.js';
import { type Course, isAtomic, markOf, progressOf, type Running } from './course.js';
import { tellFailure } from './failure.js';
import type { PlainRow } from './ledger.js';
import { tablesIn } from './mentions.js';
import type { Prepared } from './prepare.js';
import { runTransactionUnit, UnitFailure } from './transaction-unit.js';
import type { Unit } from './units.js';

/**
 * Runs it, from its beginning or from the unit that it stopped at. Returns seconds.
 *
 * @throws SqlStatementError, with what was left in place; FencedError
 */
export async function runPrepared(running: Running, prepared: Prepared, from = 0): Promise<number> {
  const { migration, direction } = prepared;
  const { emit } = running.deps;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const book: Book = { deps: running.deps, fence: running.fence, migration };
  const course: Course = { ...prepared, running, book, seconds };
  emit('sql:started', { migration: migration.id, direction });
  try {
    const costs = isAtomic(prepared.units) ? await runAtomic(course) : await runSteps(course, from);
    for (const cost of costs) emit('sql:statement', { migration: migration.id, ...cost });
  } catch (error) {
    throw await tellFailure(course, error);
  }
  emit('sql:finished', { migration: migration.id, direction, seconds: seconds() });
  return seconds();
}

/**
 * Goes on with a file that stopped half-way. What was run already must still be what the file begins with. An index whose build
 * failed is removed first; one that was finished after its runner had ended is taken as it is.
 *
 * @throws DriftError where the part that was run has been edited
 */
export async function continuePrepared(
  running: Running,
  prepared: Prepared,
  { state, unitsDone, doneDigest }: Pick<PlainRow, 'state' | 'unitsDone' | 'doneDigest'>,
): Promise<number> {
  if (progressOf(prepared.units, unitsDone).doneDigest !== doneDigest)
    throw beginningEdited(prepared.migration);
  const statement = prepared.units[unitsDone]?.statements[0];
  const built = statement === undefined ? null : await concurrentIndex(running.session, statement);
  if (built?.valid === false) await running.session.query(`drop index concurrently ${built.name}`);
  const isBuilt = state === 'running' && built?.valid === true;
  return runPrepared(running, prepared, isBuilt ? unitsDone + 1 : unitsDone);
}

function beginningEdited({ file, id }: SqlMigration): DriftError {
  return new DriftError({
    what: `${file} was edited above the statement that it stopped at.`,
    why: 'What was run there is not what stands there now.',
    left: 'Nothing was changed.',
    next: `Restore that part (the rest may be corrected), or finish by hand: bellows resolve ${id} --applied`,
  });
}

async function runAtomic(course: Course): Promise<readonly StatementCost[]> {
  const { running, migration, units } = course;
  const [unit] = units;
  if (unit === undefined) return [];
  const at = { migration: migration.id, signal: running.signal };
  return runTransactionUnit(running.deps, running.session, unit, at, (costs) =>
    markFinished(course, running.session, costs),
  );
}

async function runSteps(course: Course, from: number): Promise<readonly StatementCost[]> {
  const { running, book, units, direction } = course;
  const { database } = running.deps;
  await markRunning(database, book, { direction, ...progressOf(units, from) });
  const costs: StatementCost[] = [];
  for (const [i, unit] of units.entries()) {
    if (i < from) continue;
    const record = (session: Session, ofUnit: readonly StatementCost[]) =>
      i === units.length - 1
        ? markFinished(course, session, [...costs, ...ofUnit])
        : markUnitDone(session, book, progressOf(units, i + 1));
    costs.push(...(await runUnit(course, unit, record)));
  }
  if (from >= units.length) await markFinished(course, database, costs);
  return costs;
}

async function runUnit(
  { running, migration }: Course,
  unit: Unit,
  record: (session: Session, costs: readonly StatementCost[]) => Promise<void>,
): Promise<readonly StatementCost[]> {
  const { deps, session, signal } = running;
  if (unit.kind === 'transaction')
    return runTransactionUnit(deps, session, unit, { migration: migration.id, signal }, (costs) =>
      record(session, costs),
    );
  const [statement] = unit.statements;
  if (statement === undefined) return [];
  const startedAt = performance.now();
  await session.query(`${statement.text} ${markOf(migration)}`).catch((error: unknown) => {
    throw new UnitFailure(statement, error);
  });
  const cost = { line: statement.start.line, seconds: (performance.now() - startedAt) / 1000, locks: [] };
  await record(deps.database, [cost]);
  return [cost];
}

async function markFinished(
  course: Course,
  session: Session,
  costs: readonly StatementCost[],
): Promise<void> {
  const { book, direction, units } = course;
  const seconds = course.seconds();
  if (direction === 'down')
    return markRolledBack(session, book, { action: 'sql_rolled_back', seconds, costs });
  return markApplied(session, book, {
    ...{ origin: 'run', action: 'sql_applied', seconds, costs },
    tables: tablesIn(units.flatMap((unit) => unit.statements)),
  });
}
