/** What becomes of a file whose statement failed: what is recorded, and what its runner reads. */
import { BellowsError } from '#core/errors';
import { safeMessage, sqlstateOf } from '#core/sqlstate';
import type { SqlStatement } from '#parser/split';
import { markFailed, record } from './bookkeeping.js';
import { concurrentIndex } from './concurrent-index.js';
import { type Course, isAtomic } from './course.js';
import { UnitFailure } from './message.js';
import { SqlStatementError } from './statement-error.js';
import { isLockTrouble } from './transaction-unit.js';

/** The error to throw. Of a file that is more than one transaction it records where it stopped. */
export async function tellFailure(course: Course, error: unknown): Promise<unknown> {
  const { running, migration, units, direction } = course;
  // Stopped, or no longer the one who may: a file of several units stays `running`, and is found so by whoever looks next.
  if (running.signal.aborted || !(error instanceof UnitFailure)) return error;
  const { statement, cause } = error;
  // The line broke: what the server made of it is seen by whoever looks next.
  if (sqlstateOf(cause) === null || cause instanceof BellowsError) return cause;
  const { line, offset } = statement.start;
  const words = isAtomic(units) ? atomicWords(cause, direction) : await stepWords(course, statement, cause);
  const told = new SqlStatementError({ ...migration, start: offset, text: statement.text }, cause, words);
  const message = `line ${line}: ${safeMessage(cause)}`;
  running.deps.emit('sql:failed', { migration: migration.id, code: told.code, message });
  return told;
}

const HINTS: Readonly<Record<string, string>> = {
  '55P04':
    'A new value of an enum cannot be used in the transaction that adds it: put ALTER TYPE … ADD VALUE into a migration of its own.',
  '25001': 'It cannot run inside a transaction: write -- migrate:up transaction:false.',
};

function atomicWords(cause: unknown, direction: 'up' | 'down') {
  const why = isLockTrouble(cause)
    ? 'Its lock did not come in time, again and again; others would have waited behind it.'
    : HINTS[sqlstateOf(cause) ?? ''];
  return {
    ...(why === undefined ? {} : { why }),
    left: 'Nothing of this file was kept; what was applied before it stays.',
    next: `Correct the cause and run bellows ${direction === 'up' ? 'up' : 'rollback'} again.`,
  };
}

async function stepWords(course: Course, statement: SqlStatement, cause: unknown) {
  const { running, book, migration, direction } = course;
  const { database } = running.deps;
  const { line } = statement.start;
  await record(database, markFailed(book, { message: safeMessage(cause), line }));
  const built = await concurrentIndex(database, statement);
  const index =
    built === null || built.valid
      ? ''
      : ` The index ${built.name} is left invalid; --continue removes it first.`;
  const [whole, back] = direction === 'up' ? ['--applied', '--rolled-back'] : ['--rolled-back', '--applied'];
  return {
    why: 'The file is more than one transaction, so what ran before this statement is kept.',
    left: `Everything above line ${line} took effect; this statement and what is below it did not.${index}`,
    next: `Correct the cause, then: bellows resolve ${migration.id} --continue (from this statement on), ${whole} (you finished it by hand) or ${back} (you took it back by hand).`,
  };
}
