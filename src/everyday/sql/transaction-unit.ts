/** One transaction of a plain SQL migration: its statements, what is to be recorded of them, commit. Tried again on locks. */
import type { Blocker, StatementCost } from '#core/events';
import { sqlstateOf } from '#core/sqlstate';
import type { SqlStatement } from '#parser/split';
import type { Session } from '#ports';
import type { PlainDeps } from './deps.js';
import { createdBy, type Lock, locksHeld, mayLockTables } from './locks-held.js';
import type { Unit } from './units.js';

/** What was under way when it failed. */
export class UnitFailure extends Error {
  readonly statement: SqlStatement;
  override readonly cause: unknown;
  readonly blockers: readonly Blocker[];

  constructor(statement: SqlStatement, cause: unknown, blockers: readonly Blocker[] = []) {
    super('a statement failed', { cause });
    this.statement = statement;
    this.cause = cause;
    this.blockers = blockers;
  }
}

/** Waits that another attempt may be spared: lock_not_available, deadlock_detected. */
const LOCK_TROUBLE = new Set(['55P03', '40P01']);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * @param finish runs inside the transaction, last before commit: what it records is true exactly if the statements took effect
 * @throws UnitFailure when it is given up; nothing of the unit took effect then
 */
export async function runTransactionUnit(
  deps: PlainDeps,
  session: Session,
  { statements }: Unit,
  { migration, signal }: { readonly migration: string; readonly signal: AbortSignal },
  finish: (costs: readonly StatementCost[]) => Promise<void>,
): Promise<readonly StatementCost[]> {
  const deadline = performance.now() + deps.deadlineMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await attempt(deps, session, statements, finish);
    } catch (error) {
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

async function attempt(
  deps: PlainDeps,
  session: Session,
  statements: readonly SqlStatement[],
  finish: (costs: readonly StatementCost[]) => Promise<void>,
): Promise<readonly StatementCost[]> {
  // Read committed whatever the role's default: the lease row is renewed meanwhile, and a snapshot from before would fail on it.
  await session.query('begin isolation level read committed');
  // A commit need not reach the disk, nor a standby, before the next file begins: what a crash takes is the end of the log, statements
  // and their record alike. Giving the lease back commits synchronously, so that nothing is told as done that could still be lost.
  const [row] = await session.query<{ pid: number }>(
    `select set_config('lock_timeout', $1, true), set_config('synchronous_commit', 'off', true), pg_backend_pid() as pid`,
    [String(deps.lockTimeoutMs)],
  );
  const meter = createMeter(session);
  for (const statement of statements) {
    await watched(deps, row?.pid ?? 0, statement, () => meter.run(statement));
  }
  const last = statements.at(-1);
  // What the bookkeeping may do is our role's right, not that of a role which the file chose.
  if (statements.some(({ kind }) => kind === 'VariableSetStmt')) await session.query('reset role');
  await finish(meter.costs());
  try {
    await session.query('commit');
  } catch (error) {
    // A deferred constraint speaks up here.
    throw last === undefined || sqlstateOf(error) === null ? error : new UnitFailure(last, error);
  }
  return meter.costs();
}

/** Looks half-way through the patience who is in the way: when it has failed, they may be gone. */
async function watched(
  { lockTimeoutMs, blockersOf }: PlainDeps,
  pid: number,
  statement: SqlStatement,
  work: () => Promise<void>,
): Promise<void> {
  let blockers: readonly Blocker[] = [];
  const look = setTimeout(() => {
    blockersOf(pid).then(
      (found) => {
        blockers = found;
      },
      () => undefined,
    );
  }, lockTimeoutMs / 2);
  try {
    await work();
  } catch (error) {
    throw new UnitFailure(statement, error, blockers);
  } finally {
    clearTimeout(look);
  }
}

interface Metered {
  readonly line: number;
  readonly startedAt: number;
  readonly seconds: number;
  readonly locks: readonly Lock[];
}

/** Times statements, and tells which was the first to take each lock. */
function createMeter(session: Session): {
  run(statement: SqlStatement): Promise<void>;
  costs(): readonly StatementCost[];
} {
  const metered: Metered[] = [];
  const seen = new Set<string>();
  return {
    run: async (statement) => {
      const startedAt = performance.now();
      await session.query(statement.text);
      const seconds = (performance.now() - startedAt) / 1000;
      const created = createdBy(statement);
      const held = mayLockTables(statement) ? await locksHeld(session) : [];
      const locks = held.filter(
        ({ relation, mode }) => !seen.has(`${relation} ${mode}`) && bare(relation) !== created,
      );
      for (const { relation, mode } of held) seen.add(`${relation} ${mode}`);
      metered.push({ line: statement.start.line, startedAt, seconds, locks });
    },
    costs: () =>
      metered.map(({ line, startedAt, seconds, locks }) => {
        const heldSeconds = (performance.now() - startedAt) / 1000;
        return { line, seconds, locks: locks.map((lock) => ({ ...lock, heldSeconds })) };
      }),
  };
}

/** `sales."Order"` → `Order` */
function bare(relation: string): string {
  return relation.replace(/^("[^"]*"|[^".]*)\./, '').replaceAll('"', '');
}
