import { BellowsError } from '#core/errors';
import type { Blocker } from '#core/events';
import { quoteTable, type TableName } from '#core/identifier';
import type { LockMode } from '#core/locks';
import type { Row, Session, TransactionLimits } from '#ports';
import { blockersOf, queuedBehind } from './blockers.js';
import type { Attempt, Ddl } from './ddl-context.js';
import { isBlocked, stateOf } from './ddl-errors.js';
import { demandLease } from './fence.js';

/** At this part of the time the wait is looked at: late enough to mean it, early enough to still be waiting. */
const LOOK_AT = 0.6;

/** A fenced transaction whose statements, from `lock` on, share one span of time. */
export interface ShortTransaction extends Session {
  /**
   * Takes all locks with one statement. `lock_timeout` is per relation, so that a parent with n leaves would wait n times
   * that long while everybody queues behind the locks it already has; `statement_timeout` bounds the whole.
   */
  lock(tables: readonly TableName[], mode: LockMode, reach?: LockReach): Promise<void>;
}

/** LOCK TABLE of a parent takes its partitions too, unless it says ONLY. Default `tree`. */
export type LockReach = 'tree' | 'only';

export type Short<R> =
  | {
      readonly kind: 'committed';
      readonly value: R;
      readonly lockWaitSeconds: number | null;
      readonly lockHeldSeconds: number | null;
    }
  | {
      readonly kind: 'blocked';
      readonly blockers: readonly Blocker[];
      readonly queued: readonly Blocker[];
      readonly sqlstate: string;
      readonly lockWaitSeconds: number | null;
      readonly lockHeldSeconds: number | null;
    };

/** The time was over between two statements: as good as the server's own 57014. */
class StallError extends BellowsError {
  constructor() {
    super(
      'BELLOWS_STALL',
      {
        what: 'The time that the application may wait was over between two statements.',
        left: 'The transaction was rolled back.',
      },
      { sqlstate: '57014' },
    );
  }
}

/**
 * Runs `work` in one fenced transaction that makes nobody wait for longer than `stallMs`. What the server refuses for want
 * of a lock or of time is `blocked`, with who was in the way; everything else is thrown.
 */
export async function shortTransaction<R>(
  ddl: Ddl,
  attempt: Attempt,
  work: (tx: ShortTransaction) => Promise<R>,
): Promise<Short<R>> {
  const { stallMs } = ddl.settings;
  const times = new Times(stallMs);
  const watches: Watch[] = [];
  const watch = (pid: number) => watches.push(watchWait(ddl, pid, stallMs * LOOK_AT));
  const seen = () => lastSeen(watches);
  try {
    attempt.signal.throwIfAborted();
    const value = await ddl.database.transaction(limitsOf(stallMs), async (tx) => {
      await demandLease(tx, attempt.fence);
      const { pid, deadlockMs } = await backend(tx);
      times.limit(deadlockMs * OF_DEADLOCK_TIMEOUT);
      return work({
        query: (text, values) => timed(tx, times, text, values),
        lock: async (tables, mode, reach = 'tree') => {
          const names = tables.map(reach === 'only' ? onlyTable : quoteTable).join(', ');
          watch(pid);
          if (KEEPS_VACUUM_OUT.has(mode)) await moveVacuum(tx, names);
          watch(pid);
          await takeLocks(tx, times, `${names} in ${mode.toLowerCase()} mode`);
        },
      });
    });
    times.end();
    await seen();
    return { kind: 'committed', value, ...times.seconds };
  } catch (error) {
    times.end();
    const who = await seen();
    attempt.signal.throwIfAborted();
    if (!isBlocked(error)) throw error;
    return { kind: 'blocked', ...who, sqlstate: stateOf(error), ...times.seconds };
  }
}

/** The idle limit is for a process that stops between two statements: the server frees the locks without it. */
function limitsOf(stallMs: number): TransactionLimits {
  return { statementTimeoutMs: stallMs, idleInTransactionTimeoutMs: stallMs, synchronousCommit: true };
}

/**
 * Locks are taken one after the other, so we may hold what somebody waits for who holds what we wait for. The victim is who
 * waits in that circle for `deadlock_timeout`: where it is set low, we give up before that.
 */
const OF_DEADLOCK_TIMEOUT = 0.7;

interface Backend extends Row {
  readonly pid: number;
  readonly deadlockMs: number;
}

async function backend(tx: Session): Promise<Backend> {
  const [row] = await tx.query<Backend>(
    `select pg_backend_pid() as pid, setting::int as "deadlockMs"
     from pg_settings
     where name = 'deadlock_timeout'`,
  );
  return row ?? { pid: 0, deadlockMs: Number.POSITIVE_INFINITY };
}

function onlyTable(table: TableName): string {
  return `only ${quoteTable(table)}`;
}

const KEEPS_VACUUM_OUT: ReadonlySet<LockMode> = new Set([
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
]);

/**
 * An autovacuum gives way only to who has waited for deadlock_timeout, which is longer than the application may wait for us:
 * behind a vacuum of hours no attempt would ever come through. This weaker lock is in the way of vacuum and of no reader or
 * writer, so we can wait for it that long; holding it keeps the next autovacuum out until the real lock is asked for.
 */
async function moveVacuum(tx: Session, names: string): Promise<void> {
  await tx.query(
    `select set_config('statement_timeout', (setting::int + ${VACUUM_MARGIN_MS})::text, true)
     from pg_settings
     where name = 'deadlock_timeout'`,
  );
  await tx.query(`lock table ${names} in share update exclusive mode`);
}

/** What an autovacuum may need to end once it is cancelled. Milliseconds. */
const VACUUM_MARGIN_MS = 1_000;

async function takeLocks(tx: Session, times: Times, what: string): Promise<void> {
  times.begin();
  await timed(tx, times, `lock table ${what}`);
  times.acquired();
}

/** A statement under what is left of the time. Before the locks nobody waits for us, and the limit is the transaction's. */
async function timed<T extends Row>(
  tx: Session,
  times: Times,
  text: string,
  values?: readonly unknown[],
): Promise<readonly T[]> {
  const left = times.left();
  if (left !== null) {
    if (left < 1) throw new StallError();
    await tx.query(`set local statement_timeout = ${Math.ceil(left)}`);
  }
  return tx.query<T>(text, values);
}

/** When the locks were asked for, had, and given back. Holds its readings; made for one transaction. */
class Times {
  #stallMs: number;
  #begun: number | null = null;
  #acquired: number | null = null;
  #ended: number | null = null;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }
  /** A lower limit than the settings', known once there is a connection. */
  limit(ms: number): void {
    this.#stallMs = Math.min(this.#stallMs, ms);
  }
  begin(): void {
    this.#begun = performance.now();
  }
  acquired(): void {
    this.#acquired = performance.now();
  }
  end(): void {
    this.#ended = performance.now();
  }
  /** Milliseconds; null before the locks are asked for. */
  left(): number | null {
    return this.#begun === null ? null : this.#stallMs - (performance.now() - this.#begun);
  }
  get seconds(): { readonly lockWaitSeconds: number | null; readonly lockHeldSeconds: number | null } {
    const end = this.#ended ?? performance.now();
    if (this.#begun === null) return { lockWaitSeconds: null, lockHeldSeconds: null };
    if (this.#acquired === null) return { lockWaitSeconds: (end - this.#begun) / 1000, lockHeldSeconds: 0 };
    return {
      lockWaitSeconds: (this.#acquired - this.#begun) / 1000,
      lockHeldSeconds: (end - this.#acquired) / 1000,
    };
  }
}

interface Seen {
  readonly blockers: readonly Blocker[];
  readonly queued: readonly Blocker[];
}
const NOBODY: Seen = { blockers: [], queued: [] };

interface Watch {
  stop(): Promise<Seen>;
}

/** What the last look that met somebody saw; the phases of one attempt are looked at one by one. */
async function lastSeen(watches: readonly Watch[]): Promise<Seen> {
  const looks = await Promise.all(watches.map((watch) => watch.stop()));
  return looks.findLast(({ blockers }) => blockers.length > 0) ?? NOBODY;
}

/**
 * Looks from another connection who is in the way, while we still wait: after the cancel nothing relates them to us.
 * Observing must not decide, so that a failure of its own is an empty answer.
 */
function watchWait(ddl: Ddl, pid: number, afterMs: number): Watch {
  let looking: Promise<Seen> | null = null;
  const timer = setTimeout(() => {
    looking = look(ddl, pid).catch(() => NOBODY);
  }, afterMs);
  return {
    stop: () => {
      clearTimeout(timer);
      return looking ?? Promise.resolve(NOBODY);
    },
  };
}

/** Nobody in the way means that the wait is over and a statement runs. */
async function look({ database }: Ddl, pid: number): Promise<Seen> {
  const blockers = await blockersOf(database, pid);
  return { blockers, queued: await queuedBehind(database, pid) };
}
