import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { literal } from '#core/identifier';
import { sqlstateOf } from '#core/sqlstate';
import type { Database, Session } from '#ports';
import {
  SchemaFilesError,
  SchemaNewerError,
  SchemaOccupiedError,
  SchemaPermissionError,
} from './install-errors.js';

/** One numbered file: what brings the schema from the version before to this one. */
export interface SchemaVersion {
  readonly version: number;
  readonly sql: string;
}

export interface Installed {
  /** The version found; 0: none. */
  readonly from: number;
  readonly to: number;
}

/** `bellows` in the first half of an advisory lock's key, as ASCII. */
const LOCK = [0x62656c6c, 0x6f777300] as const;
const ATTEMPTS = 10;

/** Two starts at once: unique and duplicate errors of the catalogue, "tuple concurrently updated", deadlocks. */
const RACES = new Set(['23505', '42P06', '42P07', '42710', 'XX000', '40P01', '40001', '55P03']);
/** What is still there at the tenth attempt was not a race. */
const OCCUPIED = new Set(['42P07', '42710', '42P06']);

/**
 * Creates the schema `bellows`, or upgrades it in place; any number of processes may do so at once. One query where nothing
 * is to be done, which also works for a role that may only read, and on a standby.
 *
 * `meanwhile` is called where something is to be done, when the server has been told what.
 *
 * Throws `BELLOWS_SCHEMA_NEWER`, `BELLOWS_SCHEMA_PERMISSION` and `BELLOWS_SCHEMA_OCCUPIED`; nothing is half-done then.
 */
export async function installSchema(
  database: Database,
  versions?: readonly SchemaVersion[],
  meanwhile: () => void = () => undefined,
): Promise<Installed> {
  const known = versions ?? (await shippedVersions());
  try {
    return await attempt(database, known, ATTEMPTS, meanwhile);
  } catch (error) {
    throw await explain(database, error);
  }
}

/** The `.sql` files beside this module. */
export async function shippedVersions(
  folder = new URL('./schema/', import.meta.url),
): Promise<readonly SchemaVersion[]> {
  const names = await readdir(folder).catch(() => [] as readonly string[]);
  const files = names.filter((name) => /^\d{6}\.sql$/.test(name)).sort();
  if (files.length === 0) throw new SchemaFilesError(fileURLToPath(folder));
  const read = async (name: string) => ({
    version: Number(name.slice(0, 6)),
    sql: await readFile(new URL(name, folder), 'utf8'),
  });
  return Promise.all(files.map(read));
}

async function attempt(
  database: Database,
  known: readonly SchemaVersion[],
  left: number,
  meanwhile: () => void,
): Promise<Installed> {
  try {
    const from = await currentVersion(database);
    return isCurrent(from, known) ? { from, to: from } : await apply(database, known, meanwhile);
  } catch (error) {
    if (left <= 1 || !RACES.has(sqlstateOf(error) ?? '')) throw error;
    return attempt(database, known, left - 1, meanwhile);
  }
}

function isCurrent(found: number, known: readonly SchemaVersion[]): boolean {
  const newest = Math.max(...known.map(({ version }) => version));
  if (found > newest) throw new SchemaNewerError(found, newest);
  return found === newest;
}

/** All missing versions in one transaction, under a lock that ends with it: nothing of it outlives the transaction behind a pooler. */
async function apply(
  database: Database,
  known: readonly SchemaVersion[],
  meanwhile: () => void,
): Promise<Installed> {
  return database.transaction({ lockTimeoutMs: 30_000, statementTimeoutMs: 60_000 }, async (tx) => {
    await tx.query('select pg_catalog.pg_advisory_xact_lock($1::int, $2::int)', LOCK);
    const from = await currentVersion(tx);
    if (isCurrent(from, known)) return { from, to: from };
    // Not `create schema if not exists`: that asks for CREATE on the database also where an administrator made the schema.
    if (!(await schemaExists(tx))) await tx.query('create schema bellows');
    const missing = known.filter(({ version }) => version > from);
    const applied = applyVersions(tx, missing);
    meanwhile();
    await applied;
    return { from, to: Math.max(...missing.map(({ version }) => version)) };
  });
}

/** All files as one statement: `execute` runs all that a text holds. */
async function applyVersions(tx: Session, versions: readonly SchemaVersion[]): Promise<void> {
  const steps = versions.map(
    ({ version, sql }) =>
      `execute ${literal(sql)}; insert into bellows.schema_version (version) values (${version});`,
  );
  await tx.query(`do ${literal(`begin ${steps.join(' ')} end`)}`);
}

async function schemaExists(session: Session): Promise<boolean> {
  const rows = await session.query(`select from pg_catalog.pg_namespace where nspname = 'bellows'`);
  return rows.length > 0;
}

async function currentVersion(session: Session): Promise<number> {
  const [table] = await session.query(
    `select
     from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'bellows'
     and c.relname = 'schema_version'`,
  );
  if (table === undefined) return 0;
  const [row] = await session.query<{ version: number }>(
    'select coalesce(max(version), 0) as version from bellows.schema_version',
  );
  return row?.version ?? 0;
}

async function explain(database: Database, error: unknown): Promise<unknown> {
  const sqlstate = sqlstateOf(error) ?? '';
  if (sqlstate !== '42501' && !OCCUPIED.has(sqlstate)) return error;
  const [row] = await database.query<{ role: string; name: string; owner: string | null }>(
    `select current_user as role,
       current_database() as name,
       (select pg_get_userbyid(nspowner) from pg_catalog.pg_namespace where nspname = 'bellows') as owner`,
  );
  if (row === undefined) return error;
  return sqlstate === '42501'
    ? new SchemaPermissionError(row.role, row.name, row.owner)
    : new SchemaOccupiedError(row.name);
}
