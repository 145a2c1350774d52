import type { ServerFacts } from '#core/catalogue-facts';
import type { BackfillPlan } from '#core/plan';
import type { TransactionLimits } from '#ports';

const LOCK_TIMEOUT_MS = 100;
const STATEMENT_TIMEOUT_MS = 700;

/**
 * The limits of a batch's transaction.
 *
 * The victim of a deadlock is whoever's deadlock_timeout expires inside the closed cycle, and the application may have
 * waited for us since long before we begin to wait for it. So a short lock_timeout alone does not protect it: from its
 * first row lock to its commit the whole batch must stay below the application's deadlock_timeout. The batch is one
 * statement, hence statement_timeout (0.7 of it) bounds it; the idle limit (0.2) ends the transaction of a frozen worker.
 *
 * Row security is off so that a policy makes the batch fail: with it on, the batch would see no row and call it done.
 * The commit is not waited for: ledger row and data are in one transaction, so a crash loses or keeps them together.
 */
export function batchLimits(server: ServerFacts, triggers: BackfillPlan['triggers']): TransactionLimits {
  const bound = server.applicationDeadlockTimeoutMs;
  return {
    lockTimeoutMs: atLeastOne(Math.min(LOCK_TIMEOUT_MS, bound * 0.1)),
    statementTimeoutMs: atLeastOne(Math.min(STATEMENT_TIMEOUT_MS, bound * 0.7)),
    idleInTransactionTimeoutMs: atLeastOne(Math.min(STATEMENT_TIMEOUT_MS, bound) * 0.2),
    synchronousCommit: false,
    rowSecurity: false,
    ...(triggers === 'skip' ? { replicationRole: 'replica' as const } : {}),
  };
}

/** A limit of 0 would mean none. */
function atLeastOne(ms: number): number {
  return Math.max(1, Math.floor(ms));
}
