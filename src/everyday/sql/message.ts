/**
 * The messages of transactions, one after the other: what was done is recorded and committed, and behind that commit the next
 * transaction begins and its statements are run. Where the lease is lost the record fails; behind that failure nothing is run, and a
 * commit neither.
 */
import type { Blocker } from '#core/events';
import { sqlstateOf } from '#core/sqlstate';
import type { Answers, Statement } from '#core/statement';
import type { SqlStatement } from '#parser/split';
import type { DirectSession } from '#ports';
import { ofFence } from './bookkeeping.js';
import type { PlainDeps } from './deps.js';
import { type Metered, meter, type Part, partsOf } from './meter.js';

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

/** A transaction that was begun, with its statements; nothing of it is kept before it is closed. */
export interface Opened {
  /** What they took. @throws UnitFailure */
  readonly ran: Promise<readonly Metered[]>;
}

type Deps = Pick<PlainDeps, 'lockTimeoutMs' | 'blockersOf'>;

export function openTransaction(
  deps: Deps,
  session: DirectSession,
  statements: readonly SqlStatement[],
): Opened {
  const parts = partsOf(statements);
  return openBehind(0, parts, watched(deps, session, [...beginning(deps), ...parts]));
}

/**
 * Records what `statements` did, commits, and opens the transaction of `next`; resolves when it is committed.
 *
 * @throws FencedError where the lease was lost, UnitFailure where the commit was refused; nothing was kept then, and nothing begun
 */
export async function closeTransaction(
  deps: Deps,
  session: DirectSession,
  statements: readonly SqlStatement[],
  mark: Statement,
  next: readonly SqlStatement[] | null,
): Promise<Opened | null> {
  // What the bookkeeping may do is our role's right, not that of a role which the file chose.
  const changesRole = statements.some(({ kind }) => kind === 'VariableSetStmt');
  const closing = [...(changesRole ? [{ text: 'reset role' }] : []), mark, { text: 'commit', atOnce: true }];
  const parts = partsOf(next ?? []);
  let tell = () => {};
  const committed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  let answered = 0;
  const outcome = watched(
    deps,
    session,
    [...closing, ...(next === null ? [] : beginning(deps)), ...parts],
    () => {
      answered += 1;
      if (answered === closing.length) tell();
    },
  );
  const opened = next === null ? null : openBehind(closing.length, parts, outcome);
  await Promise.race([committed, outcome.then((whole) => refuseOpen(closing.length, statements, whole))]);
  return opened;
}

function refuseOpen(closing: number, statements: readonly SqlStatement[], { answers, error }: Answers): void {
  if (answers.length >= closing) return;
  const last = statements.at(-1);
  // A deferred constraint speaks up at the commit.
  const atCommit = answers.length === closing - 1 && last !== undefined && sqlstateOf(error) !== null;
  throw atCommit ? new UnitFailure(last, error) : ofFence(error);
}

/**
 * Read committed whatever the role's default: the lease row is renewed meanwhile, and a snapshot from before would fail on it.
 *
 * A commit need not reach the disk, nor a standby, before the next file begins: what a crash takes is the end of the log, statements
 * and their record alike. Giving the lease back commits synchronously, so that nothing is told as done that could still be lost.
 */
function beginning({ lockTimeoutMs }: Deps): readonly Statement[] {
  return [
    { text: 'begin isolation level read committed' },
    { text: `set local lock_timeout = ${Math.ceil(lockTimeoutMs)}` },
    { text: 'set local synchronous_commit = off' },
  ];
}
const BEGINNING = 3;

type Watched = Answers & { readonly blockers: readonly Blocker[] };

/** @param closing how many statements stand before it in the message */
function openBehind(closing: number, parts: readonly Part[], outcome: Promise<Watched>): Opened {
  const sentAt = performance.now();
  const first = closing + BEGINNING;
  const ran = outcome.then(({ answers, error, blockers }) => {
    if (error === null) return meter(parts, answers.slice(first), answers[closing - 1]?.at ?? sentAt);
    const part = parts[answers.length - first];
    throw part === undefined ? error : new UnitFailure(part.statement, error, blockers);
  });
  // Nobody asks for it where what it stands behind has failed.
  ran.catch(() => undefined);
  return { ran };
}

/** Looks half-way through the patience who is in the way: when it has failed, they may be gone. */
async function watched(
  { lockTimeoutMs, blockersOf }: Deps,
  session: DirectSession,
  sent: readonly Statement[],
  onAnswer?: () => void,
): Promise<Watched> {
  let blockers: readonly Blocker[] = [];
  const see = async () => {
    const pid = await session.backend();
    if (pid !== null) blockers = await blockersOf(pid);
  };
  const look = setTimeout(() => void see().catch(() => undefined), lockTimeoutMs / 2);
  try {
    const result = await session.pipeline(sent, () => {
      // Each statement has its own patience.
      look.refresh();
      onAnswer?.();
    });
    return { ...result, blockers };
  } finally {
    clearTimeout(look);
  }
}
