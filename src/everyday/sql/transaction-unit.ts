/** One transaction of a plain SQL migration: its statements, what is to be recorded of them, commit. Tried again on locks. */
import type { StatementCost } from '#core/events';
import { sqlstateOf } from '#core/sqlstate';
import type { Statement } from '#core/statement';
import type { DirectSession } from '#ports';
import type { PlainDeps } from './deps.js';
import { closeTransaction, type Opened, openTransaction, UnitFailure } from './message.js';
import { costsOf } from './meter.js';
import type { Unit } from './units.js';

/** Waits that another attempt may be spared: lock_not_available, deadlock_detected. */
const LOCK_TROUBLE = new Set(['55P03', '40P01']);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface Task {
  readonly migration: string;
  readonly unit: Unit;
  readonly signal: AbortSignal;
  /** What is recorded, last before commit in the same transaction: true exactly if the statements took effect. */
  readonly mark: (costs: readonly StatementCost[]) => Statement;
  /** Of it, where the one before has opened it. */
  readonly opened?: Opened | null;
  /** What comes behind it on the same session. */
  readonly next?: Unit | null;
}

export interface Done {
  readonly costs: readonly StatementCost[];
  /** Of what comes behind it. */
  readonly opened: Opened | null;
}

/** @throws UnitFailure when it is given up; nothing of the unit took effect then */
export async function runTransactionUnit(
  deps: PlainDeps,
  session: DirectSession,
  { migration, unit: { statements }, signal, mark, opened = null, next = null }: Task,
): Promise<Done> {
  const deadline = performance.now() + deps.deadlineMs;
  let first = opened;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      const metered = await (first ?? openTransaction(deps, session, statements)).ran;
      const record = mark(costsOf(metered));
      const behind = await closeTransaction(deps, session, statements, record, next?.statements ?? null);
      return { costs: costsOf(metered), opened: behind };
    } catch (error) {
      first = null;
      await session.query('rollback').catch(() => undefined);
      if (!(error instanceof UnitFailure) || !isLockTrouble(error.cause) || performance.now() > deadline)
        throw error;
      deps.emit('sql:blocked', { migration, line: error.statement.start.line, blockers: error.blockers });
      await deps.sleep(pause * (0.5 + deps.random()), signal);
      signal.throwIfAborted();
    }
  }
}

export function isLockTrouble(error: unknown): boolean {
  return LOCK_TROUBLE.has(sqlstateOf(error) ?? '');
}
