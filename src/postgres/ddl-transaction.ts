import { FencedError } from '#core/errors';
import { type LockMode, stronger, strongest } from '#core/locks';
import type { Action, TransactionStep } from '#core/plan';
import type { Session, StepOutcome } from '#ports';
import { type Attempt, type Ddl, type Performed, performed } from './ddl-context.js';
import { refused, stateOf, violationOf } from './ddl-errors.js';
import { isMarked, mark } from './ddl-mark.js';
import { type Short, type ShortTransaction, shortTransaction } from './ddl-short.js';

/** A guard found rows; thrown to roll back. */
class GuardViolated extends Error {
  readonly title: string;
  constructor(title: string) {
    super(title);
    this.title = title;
  }
}

type Violated = Extract<StepOutcome, { kind: 'violated' }>;

/** Blocking DDL: fence, one lock, guards, statements and the mark in one short transaction; one attempt. */
export async function performTransaction(ddl: Ddl, attempt: Attempt<TransactionStep>): Promise<Performed> {
  try {
    const short = await shortTransaction(ddl, attempt, (tx) => work(ddl, attempt, tx));
    return fromShort(short);
  } catch (error) {
    const violated = guardOf(error) ?? violationOf(error);
    if (violated !== null) return performed(violated);
    if (await committedAnyway(ddl, attempt, error)) return performed({ kind: 'done' });
    throw refused(attempt, error);
  }
}

/** True when nothing had to be done. */
async function work(ddl: Ddl, attempt: Attempt<TransactionStep>, tx: ShortTransaction): Promise<boolean> {
  const { run, step } = attempt;
  const marked = await isMarked(tx, run.id, step);
  const skipped = await allDone(tx, step, marked);
  if (!skipped) {
    const mode = lockOf(step);
    if (mode !== 'none') await tx.lock(step.tables, mode);
    await guard(tx, step);
    for (const action of step.actions) {
      if (!(await isDone(tx, action, marked))) await tx.query(action.sql);
    }
  }
  await mark(tx, ddl, attempt, skipped);
  return skipped;
}

/** Asked before the lock: the lease keeps other leaders out, so that what is done already costs the application nothing. */
async function allDone(tx: Session, step: TransactionStep, marked: boolean): Promise<boolean> {
  for (const action of step.actions) {
    if (!(await isDone(tx, action, marked))) return false;
  }
  return true;
}

/** The catalogue is the truth; where it cannot tell, the record of the step is. */
export async function isDone(session: Session, action: Action, marked: boolean): Promise<boolean> {
  if (action.probe === null) return marked;
  const [row] = await session.query(action.probe);
  return row !== undefined && Object.values(row)[0] === true;
}

async function guard(tx: Session, step: TransactionStep): Promise<void> {
  if (step.guards.length === 0) return;
  // Else a policy that binds the owner too (FORCE) hides the very rows that a guard looks for.
  await tx.query('set local row_security = off');
  for (const { title, sql } of step.guards) {
    if ((await tx.query(sql)).length > 0) throw new GuardViolated(title);
  }
  await tx.query('set local row_security to default');
}

/** The strongest lock that an action takes. A guard's answer must still hold at the commit, so guards keep writers out. */
function lockOf(step: TransactionStep): LockMode {
  if (step.tables.length === 0) return 'none';
  const { lock } = strongest(step.actions.map((action) => action.form));
  return step.guards.length > 0 ? stronger(lock, 'SHARE ROW EXCLUSIVE') : lock;
}

function fromShort(short: Short<boolean>): Performed {
  const { lockWaitSeconds, lockHeldSeconds } = short;
  const times = { lockWaitSeconds, lockHeldSeconds };
  if (short.kind === 'committed')
    return { outcome: { kind: 'done' }, skipped: short.value, waited: false, ...times };
  const { blockers, queued, sqlstate } = short;
  const outcome = { kind: 'blocked', blockers, queued, sqlstate } as const;
  return { outcome, skipped: false, waited: !lockHeldSeconds, ...times };
}

/** SQLSTATE of a guard: integrity, no special constraint. */
function guardOf(error: unknown): Violated | null {
  return error instanceof GuardViolated
    ? { kind: 'violated', what: `it must hold, and does not, that ${error.title}`, sqlstate: '23000' }
    : null;
}

/**
 * A connection that was lost during the commit leaves its outcome unknown: the mark, which is part of the transaction,
 * knows it. A server that is still away throws the first error, and the next call finds out by mark and probes.
 */
async function committedAnyway(
  { database }: Ddl,
  { run, step }: Attempt<TransactionStep>,
  error: unknown,
): Promise<boolean> {
  if (error instanceof FencedError || !/^(08|57P|$)/.test(stateOf(error))) return false;
  const marked = await isMarked(database, run.id, step).catch(() => false);
  return marked && (await allDone(database, step, marked).catch(() => false));
}
