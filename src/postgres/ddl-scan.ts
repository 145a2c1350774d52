import type { ScanStep } from '#core/plan';
import type { StepOutcome } from '#ports';
import { type Attempt, type Ddl, type Performed, pause, performed } from './ddl-context.js';
import { isBlocked, refused, stateOf, violationOf } from './ddl-errors.js';
import { awaitTwin, type LongFailure, longStatement } from './ddl-long.js';
import { markAfterwards } from './ddl-mark.js';
import { type Short, shortTransaction } from './ddl-short.js';
import { isDone } from './ddl-transaction.js';
import { demandLease } from './fence.js';

/** A constraint that does not hold refuses the application's writes, so taking it away is tried more than once. */
const UNDO_ATTEMPTS = 6;

/** VALIDATE CONSTRAINT, ANALYZE: a weak lock for a long time, outside of a transaction. */
export async function performScan(ddl: Ddl, attempt: Attempt<ScanStep>): Promise<Performed> {
  const { step } = attempt;
  await demandLease(ddl.database, attempt.fence);
  await awaitTwin(ddl, attempt);
  // Only the probe counts: a scan that cannot be told, such as ANALYZE, is worth its repetition.
  const skipped = await isDone(ddl.database, step.action, false);
  const failed = skipped ? null : await longStatement(ddl, attempt, step.action.sql);
  if (failed !== null) return performed(await failure(ddl, attempt, failed));
  await markAfterwards(ddl, attempt, skipped);
  return performed({ kind: 'done' }, skipped);
}

async function failure(
  ddl: Ddl,
  attempt: Attempt<ScanStep>,
  { error, blockers }: LongFailure,
): Promise<StepOutcome> {
  if (isBlocked(error)) return { kind: 'blocked', blockers, sqlstate: stateOf(error) };
  const violated = violationOf(error);
  if (violated === null) throw refused(attempt, error, 'What was there before the step is unchanged.');
  const undo = attempt.step.undoOnViolation;
  return undo === null ? violated : takeAway(ddl, attempt, undo, violated);
}

async function takeAway(
  ddl: Ddl,
  attempt: Attempt<ScanStep>,
  undo: string,
  violated: StepOutcome,
): Promise<StepOutcome> {
  for (let tried = 1; ; tried += 1) {
    const short = await undone(ddl, attempt, undo);
    if (short.kind === 'committed') return violated;
    const { blockers, queued, sqlstate } = short;
    if (tried === UNDO_ATTEMPTS) return { kind: 'blocked', blockers, queued, sqlstate };
    await pause(ddl.settings.stallMs * (1 + Math.random()), attempt.signal);
  }
}

async function undone(ddl: Ddl, attempt: Attempt<ScanStep>, undo: string): Promise<Short<void>> {
  try {
    return await shortTransaction(ddl, attempt, async (tx) => {
      await tx.lock([attempt.step.table], 'ACCESS EXCLUSIVE');
      await tx.query(undo);
    });
  } catch (error) {
    throw refused(
      attempt,
      error,
      'The constraint is still there, not validated: it refuses writes that violate it.',
    );
  }
}
