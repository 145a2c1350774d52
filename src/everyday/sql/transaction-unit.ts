/** One transaction of a plain SQL migration: its statements, what is to be recorded of them, commit. Tried again on locks. */
import type { StatementCost } from '#core/events';
import { sqlstateOf } from '#core/sqlstate';
import type { Statement } from '#core/statement';
import type { DirectSession } from '#ports';
import type { PlainDeps } from './deps.js';
import { closeTransaction, type Opened, openTransaction, type Sending, UnitFailure } from './message.js';
import { costsOf } from './meter.js';

/** Waits that another attempt may be spared: lock_not_available, deadlock_detected. */
const LOCK_TROUBLE = new Set(['55P03', '40P01']);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface Task {
  readonly migration: string;
  readonly sending: Sending;
  readonly signal: AbortSignal;
  /**
   * What is recorded where it is measured here, last before commit in the same transaction: true exactly if the statements took
   * effect.
   */
  readonly mark: (costs: readonly StatementCost[]) => Statement;
  /** Of it, where one before it has sent it. */
  readonly opened?: Opened | null;
  /** What comes behind it on the same session; asked when a message is sent. */
  readonly following?: () => readonly Sending[];
}

export interface Done {
  readonly costs: readonly StatementCost[];
  /** As the server measured it; null: it did not. */
  readonly seconds: number | null;
  /** Of what comes behind it. */
  readonly opened: Opened | null;
}

/** @throws UnitFailure when it is given up; nothing of the unit took effect then */
export async function runTransactionUnit(deps: PlainDeps, session: DirectSession, task: Task): Promise<Done> {
  const { migration, sending, signal, following = () => [] } = task;
  const deadline = performance.now() + deps.deadlineMs;
  let sent = task.opened ?? null;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await finish(
        deps,
        session,
        task,
        sent ?? openTransaction(deps, session, [sending, ...following()]),
      );
    } catch (error) {
      sent = null;
      await session.query('rollback').catch(() => undefined);
      if (!(error instanceof UnitFailure) || !isLockTrouble(error.cause) || performance.now() > deadline)
        throw error;
      deps.emit('sql:blocked', { migration, line: error.statement.start.line, blockers: error.blockers });
      await deps.sleep(pause * (0.5 + deps.random()), signal);
      signal.throwIfAborted();
    }
  }
}

async function finish(
  deps: PlainDeps,
  session: DirectSession,
  { sending: { statements }, mark, following = () => [] }: Task,
  sent: Opened,
): Promise<Done> {
  if (sent.kind === 'whole') return { ...(await sent.took), opened: sent.behind };
  const metered = await sent.metered;
  const record = mark(costsOf(metered));
  const opened = await closeTransaction(deps, session, { statements, record }, following());
  return { costs: costsOf(metered), seconds: null, opened };
}

export function isLockTrouble(error: unknown): boolean {
  return LOCK_TROUBLE.has(sqlstateOf(error) ?? '');
}
