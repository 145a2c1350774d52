/**
 * What is known of plain SQL migrations. `schema_migrations` says which versions are applied, for us as for dbmate; the table
 * `bellows.plain` says what there is no room for in it.
 */
import { quote, quoteTable, type TableName } from '#core/identifier';
import type { Session } from '#ports';

export interface PlainRow {
  readonly version: string;
  /** The id of the file that was applied. */
  readonly migration: string;
  readonly checksum: string;
  readonly state: 'running' | 'failed' | 'applied';
  readonly direction: 'up' | 'down';
  readonly unitsDone: number;
  readonly doneDigest: string | null;
  readonly failure: PlainFailure | null;
}

/** Without row values and without SQL: it is kept, and shown wherever the status is. */
export interface PlainFailure {
  readonly message: string;
  readonly line: number;
}

export interface Ledger {
  /** As `schema_migrations` has them. */
  readonly applied: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, PlainRow>;
}

/** Reads both, where they are there; a database that nobody migrated has neither. */
export async function readLedger(session: Session, table: TableName): Promise<Ledger> {
  const [there] = await session.query<{ applied: boolean; plain: boolean }>(
    `select to_regclass($1) is not null as applied,
       to_regclass('bellows.plain') is not null as plain`,
    [quoteTable(table)],
  );
  const versions = there?.applied
    ? await session.query<{ version: string }>(`select version::text as version from ${quoteTable(table)}`)
    : [];
  const rows = there?.plain ? await session.query<PlainRow & Record<string, unknown>>(ROWS) : [];
  return {
    applied: new Set(versions.map(({ version }) => version)),
    rows: new Map(rows.map((row) => [row.version, row])),
  };
}

const ROWS = `
select version, migration, checksum, state, direction, units_done as "unitsDone",
  done_digest as "doneDigest", failure
from bellows.plain`;

/** As dbmate makes it, with its schema where there is none. */
export async function createVersionTable(session: Session, table: TableName): Promise<void> {
  const [there] = await session.query('select where to_regclass($1) is not null', [quoteTable(table)]);
  if (there !== undefined) return;
  // With IF NOT EXISTS alone, a role that may create no schema would be refused the one that is there.
  const [schema] = await session.query('select where to_regnamespace($1) is not null', [quote(table.schema)]);
  if (schema === undefined) await session.query(`create schema if not exists ${quote(table.schema)}`);
  await session.query(`create table if not exists ${quoteTable(table)} (version varchar primary key)`);
}

/** The backend that still runs a statement of this file, left behind by a runner that was killed; null: there is none. */
export async function liveStatement(session: Session, mark: string): Promise<number | null> {
  const [row] = await session.query<{ pid: number }>(
    `select pid
     from pg_catalog.pg_stat_activity
     where datname = current_database()
     and state = 'active'
     and pid <> pg_backend_pid()
     and right(query, length($1)) = $1`,
    [mark],
  );
  return row?.pid ?? null;
}
