/**
 * The messages of transactions, one after the other: what was done is recorded and committed, and behind that commit the next
 * transactions are sent. One whose record the server can measure by itself is sent whole, with its commit and what comes behind it; the
 * first that wants our measuring is run as far as its last statement. All of it stands under one Sync: behind a failure nothing is run,
 * a commit neither, and so no file behind one that failed. Where the lease is lost, the record fails.
 */
import type { Blocker } from '#core/events';
import { sqlstateOf } from '#core/sqlstate';
import type { Statement } from '#core/statement';
import type { SqlStatement } from '#parser/split';
import type { DirectSession } from '#ports';
import { measuredOf, ofFence, type Took } from './bookkeeping.js';
import type { PlainDeps } from './deps.js';
import { type Metered, meter, type Part, partsOf } from './meter.js';
import { type Reached, type Step, sendWatched } from './watched.js';

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

/** A transaction to be sent. */
export interface Sending {
  readonly statements: readonly SqlStatement[];
  /** Its record, where the server measures it by itself; null: what it took is measured here, and then recorded. */
  readonly record: Statement | null;
}

/** A transaction that was sent. Its promises fail with UnitFailure, or FencedError where the lease was lost; nothing is kept then. */
export type Opened =
  /** Nothing of it is kept before it is closed. */
  | { readonly kind: 'open'; readonly metered: Promise<readonly Metered[]> }
  /** Resolves when it is committed. */
  | {
      readonly kind: 'whole';
      readonly took: Promise<Took>;
      /** Sent behind it in the same message. */
      readonly behind: Opened | null;
    };

type Deps = Pick<PlainDeps, 'lockTimeoutMs' | 'blockersOf'>;

/** A failure takes back what was sent behind it, and Ctrl-C in a gap between two statements is too early: so there is an end to it. */
export const MOST_AHEAD = 16;

/** Opens the first of `queue`, which may not be empty, and those behind it that need no answer of ours. */
export function openTransaction(deps: Deps, session: DirectSession, queue: readonly Sending[]): Opened {
  const { opened } = sendTransactions(deps, session, [], queue);
  if (opened === null) throw new TypeError('there is at least one transaction to be sent');
  return opened;
}

/**
 * Records what `done` has done, commits, and opens those behind it; resolves when it is committed.
 *
 * @throws FencedError where the lease was lost, UnitFailure where the commit was refused; nothing was kept then, and nothing begun
 */
export async function closeTransaction(
  deps: Deps,
  session: DirectSession,
  done: Sending,
  queue: readonly Sending[],
): Promise<Opened | null> {
  const closing = endOf(done);
  const { reached, opened } = sendTransactions(deps, session, closing, queue);
  await reached(closing.length);
  return opened;
}

interface Sent {
  readonly reached: Reached;
  readonly opened: Opened | null;
}

function sendTransactions(
  deps: Deps,
  session: DirectSession,
  closing: readonly Step[],
  queue: readonly Sending[],
): Sent {
  const steps: Step[] = [...closing];
  const starts: { readonly sending: Sending; readonly parts: readonly Part[]; readonly at: number }[] = [];
  for (const sending of queue.slice(0, MOST_AHEAD)) {
    const parts = partsOf(sending.statements, sending.record === null);
    starts.push({ sending, parts, at: steps.length + BEGINNING });
    steps.push(...beginning(deps), ...parts.map(stepOf), ...endOf(sending));
    if (sending.record === null) break;
  }
  const sentAt = performance.now();
  const reached = sendWatched(deps, session, steps);
  const opened = starts.reduceRight<Opened | null>((behind, { sending, parts, at }) => {
    if (sending.record === null) {
      const metered = reached(at + parts.length).then((answers) =>
        meter(parts, answers.slice(at), answers[at - BEGINNING - 1]?.at ?? sentAt),
      );
      return { kind: 'open', metered: unasked(metered) };
    }
    const end = at + parts.length + endOf(sending).length;
    const record = end - 2;
    const took = reached(end).then((answers) => measuredOf(answers[record]?.rows[0] ?? {}));
    return { kind: 'whole', took: unasked(took), behind };
  }, null);
  return { reached, opened };
}

/** Nobody asks for it where what it stands behind has failed. */
function unasked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/**
 * Read committed whatever the role's default: the lease row is renewed meanwhile, and a snapshot from before would fail on it.
 *
 * A commit need not reach the disk, nor a standby, before the next file begins: what a crash takes is the end of the log, statements
 * and their record alike. Giving the lease back commits synchronously, so that nothing is told as done that could still be lost.
 */
function beginning({ lockTimeoutMs }: Deps): readonly Step[] {
  return [
    { text: 'begin isolation level read committed', failure: ofFence },
    { text: `set local lock_timeout = ${Math.ceil(lockTimeoutMs)}`, failure: ofFence },
    { text: 'set local synchronous_commit = off', failure: ofFence },
  ];
}
const BEGINNING = 3;

function stepOf({ statement, ...part }: Part): Step {
  return { ...part, failure: (error, blockers) => new UnitFailure(statement, error, blockers) };
}

function endOf({ statements, record }: Sending): readonly Step[] {
  if (record === null) return [];
  // What the bookkeeping may do is our role's right, not that of a role which the file chose.
  const changesRole = statements.some(({ kind }) => kind === 'VariableSetStmt');
  const last = statements.at(-1);
  // A deferred constraint speaks up at the commit.
  const atCommit = (error: unknown) =>
    last === undefined || sqlstateOf(error) === null ? error : new UnitFailure(last, error);
  return [
    ...(changesRole ? [{ text: 'reset role', failure: ofFence }] : []),
    { ...record, failure: ofFence },
    { text: 'commit', atOnce: true, failure: atCommit },
  ];
}
