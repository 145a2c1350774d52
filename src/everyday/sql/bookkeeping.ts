/**
 * What is recorded of plain SQL migrations, each as one statement that also holds the lease against it and fails where it is lost: a
 * `commit` that was sent behind it is then not run. The row of the lease is locked by nothing before it, a moment before commit: a
 * migration that runs for an hour must not keep its own lease from being renewed.
 */
import { FencedError } from '#core/errors';
import type { StatementCost } from '#core/events';
import { quoteTable } from '#core/identifier';
import type { LockMode } from '#core/locks';
import type { SqlMigration } from '#core/sql-migration';
import { sqlstateOf } from '#core/sqlstate';
import type { Answer, Statement } from '#core/statement';
import type { Fence, Session } from '#ports';
import type { PlainDeps } from './deps.js';
import type { PlainFailure } from './ledger.js';
import { locksAsOne } from './locks-held.js';

export interface Book {
  readonly deps: Pick<PlainDeps, 'table' | 'actor'>;
  readonly fence: Fence;
  readonly migration: SqlMigration;
}

/** What the server says where the lease is lost. */
const LOST = 'ZB001';

/** Changes of one statement, which fails as a whole where the lease is lost. */
function fenced({ fence }: Book, changes: string, values: NonNullable<Statement['values']>): Statement {
  return {
    text: `with ${changes}
      select bellows.demand_plain_lease($1::uuid, $2::bigint)`,
    values: [fence.holder, fence.epoch, ...values],
  };
}

/** What a failure to record means. */
export function ofFence(error: unknown): unknown {
  return sqlstateOf(error) === LOST
    ? new FencedError('Another process has taken over running plain SQL migrations.')
    : error;
}

/** In a transaction of its own. @throws FencedError */
export async function record(session: Session, { text, values }: Statement): Promise<void> {
  try {
    await session.query(text, values);
  } catch (error) {
    throw ofFence(error);
  }
}

const HISTORY = `history as (
  insert into bellows.history (actor, migration, action, detail)
  values ($3::text, $4::text, $5::text, $6::jsonb)
)`;

const historyOf = ({ deps, migration }: Book, action: string, detail: object) => [
  deps.actor,
  migration.id,
  action,
  JSON.stringify({ file: migration.file, ...detail }),
];

export interface Applied {
  readonly origin: 'run' | 'baseline' | 'resolved';
  readonly action: 'sql_applied' | 'sql_baseline' | 'sql_resolved';
  readonly seconds: number | null;
  readonly costs: readonly StatementCost[];
  readonly tables: readonly string[];
  readonly reason?: string | undefined;
}

/** What the server measures: the only statement of a transaction, and the locks that it took. */
export interface Alone {
  readonly line: number;
  /** The relation that it creates: its locks harm nobody. */
  readonly creates: string | null;
  readonly mayLock: boolean;
}

export function markApplied(book: Book, applied: Applied): Statement {
  const { origin, action, seconds, costs, tables, reason } = applied;
  const { version, checksum } = book.migration;
  const detail = { seconds, ...statementsOf(costs), ...(reason === undefined ? {} : { reason }) };
  return {
    text: `select bellows.plain_applied(${APPLIED}, null, null)`,
    values: [
      ...[book.fence.holder, book.fence.epoch],
      ...historyOf(book, action, detail),
      ...[quoteTable(book.deps.table), version, checksum, origin, tables, seconds],
    ],
  };
}

const APPLIED = '$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12';

/** The same, measured where it is recorded: nothing of it has to be known beforehand. `measuredOf` reads its answer. */
export function markMeasured(book: Book, tables: readonly string[], alone: Alone): Statement {
  const { version, checksum } = book.migration;
  // Asked here and not in the function: names are shown as the search_path of the session has them.
  const locks = alone.mayLock ? locksAsOne(14) : 'null';
  return {
    text: `select bellows.plain_applied(${APPLIED}, $13, ${locks}) as measured`,
    values: [
      ...[book.fence.holder, book.fence.epoch],
      ...historyOf(book, 'sql_applied', {}),
      ...[quoteTable(book.deps.table), version, checksum, 'run', tables, null],
      alone.line,
      ...(alone.mayLock ? [alone.creates] : []),
    ],
    rows: true,
  };
}

/** What a transaction took, and its statements. */
export interface Took {
  readonly seconds: number;
  readonly costs: readonly StatementCost[];
}

interface Measured {
  readonly seconds: number;
  readonly line: number;
  readonly ms: number;
  readonly locks?: readonly { readonly relation: string; readonly mode: LockMode; readonly heldMs: number }[];
}

/** @param row what `markMeasured` is answered */
export function measuredOf(row: Answer['rows'][number]): Took {
  const { seconds, line, ms, locks = [] } = row.measured as Measured;
  const held = locks.map(({ heldMs, ...lock }) => ({ ...lock, heldSeconds: heldMs / 1000 }));
  return { seconds, costs: [{ line, seconds: ms / 1000, locks: held }] };
}

export function markRolledBack(
  book: Book,
  rolledBack: Pick<Applied, 'seconds' | 'costs' | 'reason'> & {
    readonly action: 'sql_rolled_back' | 'sql_resolved';
  },
): Statement {
  const { action, seconds, costs, reason } = rolledBack;
  return fenced(
    book,
    `${HISTORY}, version as (
       delete from ${quoteTable(book.deps.table)}
       where version = $7::text
     ), entry as (
       delete from bellows.plain
       where version = $7::text
     )`,
    [
      ...historyOf(book, action, {
        seconds,
        ...statementsOf(costs),
        ...(reason === undefined ? {} : { reason }),
      }),
      book.migration.version,
    ],
  );
}

/** A file of several units begins, or goes on: from now on its row says how far it has come. */
export function markRunning(
  book: Book,
  { direction, unitsDone, doneDigest }: { readonly direction: 'up' | 'down' } & Progress,
): Statement {
  const { version, id, checksum } = book.migration;
  return fenced(
    book,
    `entry as (
       insert into bellows.plain (version, migration, checksum, state, direction, origin, units_done, done_digest, applied_by)
       values ($3::text, $4::text, $5::text, 'running', $6::text, 'run', $7::int, $8::text, $9::text)
       on conflict (version) do update
       set migration = excluded.migration,
         checksum = excluded.checksum,
         state = 'running',
         direction = excluded.direction,
         units_done = excluded.units_done,
         done_digest = excluded.done_digest,
         failure = null,
         started_at = clock_timestamp()
     )`,
    [version, id, checksum, direction, unitsDone, doneDigest, book.deps.actor],
  );
}

export interface Progress {
  readonly unitsDone: number;
  /** Of the statements that were run so far: what is gone on with must begin with the same. */
  readonly doneDigest: string;
}

export function markUnitDone(book: Book, { unitsDone, doneDigest }: Progress): Statement {
  return fenced(
    book,
    `entry as (
       update bellows.plain
       set units_done = $4::int,
         done_digest = $5::text
       where version = $3::text
     )`,
    [book.migration.version, unitsDone, doneDigest],
  );
}

export function markFailed(book: Book, failure: PlainFailure): Statement {
  return fenced(
    book,
    `${HISTORY}, entry as (
       update bellows.plain
       set state = 'failed',
         failure = $8::jsonb
       where version = $7::text
     )`,
    [...historyOf(book, 'sql_failed', failure), book.migration.version, JSON.stringify(failure)],
  );
}

/** A file of ten thousand inserts must not make a history of ten thousand lines: the slowest are kept, and their number told. */
const MOST = 100;

function statementsOf(costs: readonly StatementCost[]): object {
  if (costs.length === 0) return {};
  const kept = costs.length <= MOST ? costs : costs.toSorted((a, b) => b.seconds - a.seconds).slice(0, MOST);
  return {
    statementCount: costs.length,
    statements: kept
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, seconds, locks }) => ({
        line,
        ms: milliseconds(seconds),
        ...(locks.length === 0
          ? {}
          : {
              locks: locks.map((l) => ({
                relation: l.relation,
                mode: l.mode,
                heldMs: milliseconds(l.heldSeconds),
              })),
            }),
      })),
  };
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 10_000) / 10;
}
