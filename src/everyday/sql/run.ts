/** Runs one file, up or down, and records it. */
import { DriftError } from '#core/errors';
import type { StatementCost } from '#core/events';
import type { SqlMigration } from '#core/sql-migration';
import type { Statement } from '#core/statement';
import { type Book, markApplied, markRolledBack, markRunning, markUnitDone, record } from './bookkeeping.js';
import { concurrentIndex } from './concurrent-index.js';
import { type Course, isAtomic, markOf, progressOf, type Running } from './course.js';
import { tellFailure } from './failure.js';
import type { PlainRow } from './ledger.js';
import { tablesIn } from './mentions.js';
import { type Opened, UnitFailure } from './message.js';
import type { Prepared } from './prepare.js';
import { type Done, runTransactionUnit } from './transaction-unit.js';
import type { Unit } from './units.js';

interface RunOptions {
  /** The unit to begin with. Default: the first. */
  readonly from?: number;
  /** Its transaction, where the file before has opened it. */
  readonly opened?: Opened | null;
  /** The file that is run next on the same session. */
  readonly next?: Prepared | null;
}

/**
 * Runs it, from its beginning or from the unit that it stopped at. Returns the transaction of the next file, which is under way when
 * this one is told as applied: while we write that down, the server works.
 *
 * @throws SqlStatementError, with what was left in place; FencedError
 */
export async function runPrepared(
  running: Running,
  prepared: Prepared,
  { from = 0, opened = null, next = null }: RunOptions = {},
): Promise<Opened | null> {
  const { migration, direction } = prepared;
  const { emit } = running.deps;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const book: Book = { deps: running.deps, fence: running.fence, migration };
  const course: Course = { ...prepared, running, book, seconds };
  emit('sql:started', { migration: migration.id, direction });
  try {
    const done = isAtomic(prepared.units)
      ? await runAtomic(course, opened, next)
      : { costs: await runSteps(course, from), opened: null };
    for (const cost of done.costs) emit('sql:statement', { migration: migration.id, ...cost });
    emit('sql:finished', { migration: migration.id, direction, seconds: seconds() });
    return done.opened;
  } catch (error) {
    throw await tellFailure(course, error);
  }
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
): Promise<void> {
  if (progressOf(prepared.units, unitsDone).doneDigest !== doneDigest)
    throw beginningEdited(prepared.migration);
  const statement = prepared.units[unitsDone]?.statements[0];
  const built = statement === undefined ? null : await concurrentIndex(running.session, statement);
  if (built?.valid === false) await running.session.query(`drop index concurrently ${built.name}`);
  const isBuilt = state === 'running' && built?.valid === true;
  await runPrepared(running, prepared, { from: isBuilt ? unitsDone + 1 : unitsDone });
}

function beginningEdited({ file, id }: SqlMigration): DriftError {
  return new DriftError({
    what: `${file} was edited above the statement that it stopped at.`,
    why: 'What was run there is not what stands there now.',
    left: 'Nothing was changed.',
    next: `Restore that part (the rest may be corrected), or finish by hand: bellows resolve ${id} --applied`,
  });
}

async function runAtomic(course: Course, opened: Opened | null, next: Prepared | null): Promise<Done> {
  const { running, migration, units } = course;
  const [unit] = units;
  if (unit === undefined) return { costs: [], opened: null };
  return runTransactionUnit(running.deps, running.session, {
    ...{ migration: migration.id, unit, signal: running.signal, opened },
    mark: (costs) => markFinished(course, costs),
    next: next !== null && isAtomic(next.units) ? (next.units[0] ?? null) : null,
  });
}

async function runSteps(course: Course, from: number): Promise<readonly StatementCost[]> {
  const { running, book, units, direction } = course;
  const { database } = running.deps;
  await record(database, markRunning(book, { direction, ...progressOf(units, from) }));
  const costs: StatementCost[] = [];
  for (const [i, unit] of units.entries()) {
    if (i < from) continue;
    const mark = (ofUnit: readonly StatementCost[]) =>
      i === units.length - 1
        ? markFinished(course, [...costs, ...ofUnit])
        : markUnitDone(book, progressOf(units, i + 1));
    costs.push(...(await runUnit(course, unit, mark)));
  }
  if (from >= units.length) await record(database, markFinished(course, costs));
  return costs;
}

async function runUnit(
  { running, migration }: Course,
  unit: Unit,
  mark: (costs: readonly StatementCost[]) => Statement,
): Promise<readonly StatementCost[]> {
  const { deps, session, signal } = running;
  if (unit.kind === 'transaction')
    return (await runTransactionUnit(deps, session, { migration: migration.id, unit, signal, mark })).costs;
  const [statement] = unit.statements;
  if (statement === undefined) return [];
  const startedAt = performance.now();
  await session.query(`${statement.text} ${markOf(migration)}`).catch((error: unknown) => {
    throw new UnitFailure(statement, error);
  });
  const cost = { line: statement.start.line, seconds: (performance.now() - startedAt) / 1000, locks: [] };
  await record(deps.database, mark([cost]));
  return [cost];
}

function markFinished(course: Course, costs: readonly StatementCost[]): Statement {
  const { book, direction, units } = course;
  const seconds = course.seconds();
  if (direction === 'down') return markRolledBack(book, { action: 'sql_rolled_back', seconds, costs });
  return markApplied(book, {
    ...{ origin: 'run', action: 'sql_applied', seconds, costs },
    tables: tablesIn(units.flatMap((unit) => unit.statements)),
  });
}
