/** Reads a database for its schema file. */
import { sqlstateOf } from '#core/sqlstate';
import type { Database, Session } from '#ports';
import { readLeftOut, readRows, readRuns } from './around.js';
import { statementsOf } from './catalogue.js';
import { DumpWaitError } from './errors.js';
import { pgDumpBody } from './pg-dump.js';
import { catalogueBody, type FileParts, type Recipe } from './text.js';

/** Whoever holds ACCESS EXCLUSIVE for longer is rebuilding a table: what would be read is not what will be there. */
const LOCK_WAIT_MS = 10_000;
/** A table that is dropped between the list and the lock: the list is read again. */
const ATTEMPTS = 3;

export interface Source {
  readonly database: Database;
  readonly databaseUrl: string;
  /** `table` or `schema.table`. */
  readonly migrationsTable: string;
}

/**
 * All that goes into the file, as of one moment, and without a lock beyond ACCESS SHARE.
 *
 * @throws DumpWaitError, UnknownObjectsError, CircleError; PgDumpError with the provider `pg_dump`
 */
export async function readParts(source: Source, recipe: Recipe): Promise<FileParts> {
  return inSnapshot(source.database, async (session) => {
    const around = {
      ...recipe,
      runs: await readRuns(session),
      leftOut: await readLeftOut(session),
      rows: await readRows(session, source.migrationsTable),
    };
    const body =
      recipe.provider === 'pg_dump'
        ? await pgDumpBody(session, source.databaseUrl, { grants: recipe.grants, runs: around.runs })
        : catalogueBody(await statementsOf(session, { grants: recipe.grants }));
    return { ...around, body };
  });
}

/** The server's `pg_get_…def` functions read the catalogue as it is now, whatever the snapshot: the locks hold it still. */
async function inSnapshot<R>(
  database: Database,
  work: (session: Session) => Promise<R>,
  attempt = 1,
): Promise<R> {
  const tables = await database.query<{ name: string }>(TABLES);
  // Turned off, nothing of BEGIN takes the snapshot: it is to come after the locks. There is nothing to commit.
  const limits = { readOnly: true, snapshot: true, synchronousCommit: false, lockTimeoutMs: LOCK_WAIT_MS };
  try {
    return await database.transaction(limits, async (session) => {
      for (const setting of SETTINGS) await session.query(setting);
      if (tables.length > 0)
        await session.query(`lock table ${tables.map(({ name }) => name).join(', ')} in access share mode`);
      return work(session);
    });
  } catch (error) {
    if (sqlstateOf(error) === '55P03') throw new DumpWaitError(LOCK_WAIT_MS);
    if (sqlstateOf(error) === '42P01' && attempt < ATTEMPTS) return inSnapshot(database, work, attempt + 1);
    throw error;
  }
}

/** How the server writes names and values: as on every other server. */
const SETTINGS = [
  `set local search_path = ''`,
  `set local timezone = 'UTC'`,
  `set local datestyle = 'ISO, MDY'`,
  `set local intervalstyle = 'postgres'`,
  `set local bytea_output = 'hex'`,
  'set local extra_float_digits = 1',
  'set local standard_conforming_strings = on',
  'set local quote_all_identifiers = off',
];

/** Those that the role may lock at all. ONLY: partitions and children are in the list themselves. */
const TABLES = `
select format('only %I.%I', n.nspname, c.relname) as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
and n.nspname !~ '^pg_'
and n.nspname not in ('information_schema', 'bellows', 'bullmq')
and has_table_privilege(c.oid, 'select')
and has_schema_privilege(n.oid, 'usage')
order by n.nspname, c.relname`;
