/** Runs one file, up or down, and records it. */
import { DriftError } from '#core/errors';
import type { StatementCost } from '#core/events';
import type { SqlMigration } from '#core/sql-migration';
import type { Statement } from '#core/statement';
import {
  type Book,
  markApplied,
  markMeasured,
  markRolledBack,
  markRunning,
  markUnitDone,
  record,
} from './bookkeeping.js';
import { concurrentIndex } from './concurrent-index.js';
import { type Course, isAtomic, markOf, progressOf, type Running } from './course.js';
import { tellFailure } from './failure.js';
import type { PlainRow } from './ledger.js';
import { createdBy, mayLockTables } from './locks-held.js';
import { tablesIn } from './mentions.js';
import { type Opened, type Sending, UnitFailure } from './message.js';
import type { Prepared } from './prepare.js';
import { type Done, runTransactionUnit } from './transaction-unit.js';
import type { Unit } from './units.js';

interface RunOptions {
  /** The unit to begin with. Default: the first. */
  readonly from?: number;
  /** Its transaction, where a file before has sent it. */
  readonly opened?: Opened | null;
  /** The files that are run next on the same session. */
  readonly following?: () => readonly Prepared[];
}

/**
 * Runs it, from its beginning or from the unit that it stopped at. Returns the transaction of the next file where it was sent with this
 * one, and is under way or done when this one is told as applied: while we write that down, the server works.
 *
 * @throws SqlStatementError, with what was left in place; FencedError
 */
export async function runPrepared(
  running: Running,
  prepared: Prepared,
  { from = 0, opened = null, following = () => [] }: RunOptions = {},
): Promise<Opened | null> {
  const { migration, direction } = prepared;
  const { emit } = running.deps;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const course: Course = { ...prepared, running, book: bookOf(running, prepared), seconds };
  emit('sql:started', { migration: migration.id, direction });
  try {
    const done = isAtomic(prepared.units)
      ? await runAtomic(course, opened, following)
      : { costs: await runSteps(course, from), seconds: null, opened: null };
    for (const cost of done.costs) emit('sql:statement', { migration: migration.id, ...cost });
    emit('sql:finished', { migration: migration.id, direction, seconds: done.seconds ?? seconds() });
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

function bookOf({ deps, fence }: Running, { migration }: Prepared): Book {
  return { deps, fence, migration };
}

async function runAtomic(
  course: Course,
  opened: Opened | null,
  following: () => readonly Prepared[],
): Promise<Done> {
  const { running, migration } = course;
  return runTransactionUnit(running.deps, running.session, {
    ...{ migration: migration.id, sending: sendingOf(running, course), signal: running.signal, opened },
    mark: (costs) => markFinished(course, costs),
    following: () => sendingsOf(running, following()),
  });
}

/** As many as can be sent in one message: what is behind one that we measure waits for that. */
function sendingsOf(running: Running, files: readonly Prepared[]): readonly Sending[] {
  const sendings: Sending[] = [];
  for (const file of files) {
    if (!isAtomic(file.units)) break;
    const sending = sendingOf(running, file);
    sendings.push(sending);
    if (sending.record === null) break;
  }
  return sendings;
}

/** Of a file that is one transaction. Where that holds one statement alone, the server knows by itself when it began and ended. */
function sendingOf(running: Running, file: Prepared): Sending {
  const statements = file.units.flatMap((unit) => unit.statements);
  const [statement, another] = statements;
  if (statement === undefined || another !== undefined || file.direction === 'down')
    return { statements, record: null };
  const alone = {
    line: statement.start.line,
    creates: createdBy(statement),
    mayLock: mayLockTables(statement),
  };
  return { statements, record: markMeasured(bookOf(running, file), tablesIn(statements), alone) };
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
    return (
      await runTransactionUnit(deps, session, {
        migration: migration.id,
        sending: { ...unit, record: null },
        signal,
        mark,
      })
    ).costs;
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
