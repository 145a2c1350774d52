/**
 * What is recorded of plain SQL migrations, each in one statement that also holds the lease against it. That row is locked last, a
 * moment before commit: a migration that runs for an hour must not keep its own lease from being renewed.
 */
import { FencedError } from '#core/errors';
import type { StatementCost } from '#core/events';
import { quoteTable } from '#core/identifier';
import type { SqlMigration } from '#core/sql-migration';
import type { Fence, Session } from '#ports';
import type { PlainDeps } from './deps.js';
import type { PlainFailure } from './ledger.js';

export interface Book {
  readonly deps: Pick<PlainDeps, 'table' | 'actor'>;
  readonly fence: Fence;
  readonly migration: SqlMigration;
}

const FENCE = `with fence as (
  update bellows.lease
  set touched_at = clock_timestamp()
  where name = 'plain'
  and holder = $1
  and epoch = $2
  and expires_at > clock_timestamp()
  returning epoch
)`;

async function fenced(
  session: Session,
  { fence }: Book,
  text: string,
  values: readonly unknown[],
): Promise<void> {
  const rows = await session.query(`${FENCE}${text}`, [fence.holder, fence.epoch, ...values]);
  if (rows.length === 0)
    throw new FencedError('Another process has taken over running plain SQL migrations.');
}

const HISTORY = `history as (
  insert into bellows.history (actor, migration, action, detail)
  select $3::text, $4::text, $5::text, $6::jsonb
  from fence
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

export async function markApplied(session: Session, book: Book, applied: Applied): Promise<void> {
  const { origin, action, seconds, costs, tables, reason } = applied;
  const { version, checksum } = book.migration;
  await fenced(
    session,
    book,
    `, ${HISTORY}, version as (
       insert into ${quoteTable(book.deps.table)} (version)
       select $7::text
       from fence
       on conflict do nothing
     )
     insert into bellows.plain (version, migration, checksum, state, origin, tables, seconds, finished_at, applied_by)
     select $7::text, $4::text, $8::text, 'applied', $9::text, $10::text[], $11::float8, clock_timestamp(), $3::text
     from fence
     on conflict (version) do update
     set migration = excluded.migration,
       checksum = excluded.checksum,
       state = 'applied',
       direction = 'up',
       origin = excluded.origin,
       tables = excluded.tables,
       failure = null,
       seconds = excluded.seconds,
       finished_at = excluded.finished_at,
       applied_by = excluded.applied_by
     returning version`,
    [
      ...historyOf(book, action, {
        seconds,
        ...statementsOf(costs),
        ...(reason === undefined ? {} : { reason }),
      }),
      ...[version, checksum, origin, tables, seconds],
    ],
  );
}

export async function markRolledBack(
  session: Session,
  book: Book,
  rolledBack: Pick<Applied, 'seconds' | 'costs' | 'reason'> & {
    readonly action: 'sql_rolled_back' | 'sql_resolved';
  },
): Promise<void> {
  const { action, seconds, costs, reason } = rolledBack;
  await fenced(
    session,
    book,
    `, ${HISTORY}, version as (
       delete from ${quoteTable(book.deps.table)}
       where version = $7::text
       and exists (select from fence)
     ), entry as (
       delete from bellows.plain
       where version = $7::text
       and exists (select from fence)
     )
     select from fence`,
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
export async function markRunning(
  session: Session,
  book: Book,
  { direction, unitsDone, doneDigest }: { readonly direction: 'up' | 'down' } & Progress,
): Promise<void> {
  const { version, id, checksum } = book.migration;
  await fenced(
    session,
    book,
    ` insert into bellows.plain (version, migration, checksum, state, direction, origin, units_done, done_digest, applied_by)
      select $3::text, $4::text, $5::text, 'running', $6::text, 'run', $7::int, $8::text, $9::text
      from fence
      on conflict (version) do update
      set migration = excluded.migration,
        checksum = excluded.checksum,
        state = 'running',
        direction = excluded.direction,
        units_done = excluded.units_done,
        done_digest = excluded.done_digest,
        failure = null,
        started_at = clock_timestamp()
      returning version`,
    [version, id, checksum, direction, unitsDone, doneDigest, book.deps.actor],
  );
}

export interface Progress {
  readonly unitsDone: number;
  /** Of the statements that were run so far: what is gone on with must begin with the same. */
  readonly doneDigest: string;
}

export async function markUnitDone(
  session: Session,
  book: Book,
  { unitsDone, doneDigest }: Progress,
): Promise<void> {
  await fenced(
    session,
    book,
    ` update bellows.plain
      set units_done = $4::int,
        done_digest = $5::text
      from fence
      where version = $3::text
      returning version`,
    [book.migration.version, unitsDone, doneDigest],
  );
}

export async function markFailed(session: Session, book: Book, failure: PlainFailure): Promise<void> {
  await fenced(
    session,
    book,
    `, ${HISTORY}
     update bellows.plain
     set state = 'failed',
       failure = $8::jsonb
     from fence
     where version = $7::text
     returning version`,
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
