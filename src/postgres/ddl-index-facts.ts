import { quote, quoteTable, type TableName } from '#core/identifier';
import type { Step } from '#core/plan';
import type { Database, Session } from '#ports';
import { ConflictingObjectError } from './ddl-errors.js';

/** What stands under an index's name. */
export interface FoundIndex {
  readonly oid: number;
  readonly valid: boolean;
  /** `using …` to the end, with the word `unique` in front: the definition without the names. */
  readonly shape: string;
}

/** A `create index` statement taken apart at its names: the same index can then be asked for on a partition. */
export interface IndexStatement {
  readonly unique: boolean;
  /** From `using` or the parenthesis on. */
  readonly rest: string;
}

/**
 * Takes a step's statement apart. Only the form that steps are rendered in is understood: `create [unique] index
 * concurrently "name" on "schema"."table" …`.
 */
export function parseIndexStatement(
  step: Step,
  sql: string,
  index: string,
  table: TableName,
): IndexStatement {
  const match = /^\s*create\s+(unique\s+)?index\s+concurrently\s+/i.exec(sql);
  const names = [quote(index), quoteTable(table)].map(literally);
  const rest =
    match === null
      ? null
      : new RegExp(`^${names[0]}\\s+on\\s+${names[1]}\\s*([\\s\\S]*)$`, 'i').exec(sql.slice(match[0].length));
  if (match === null || rest?.[1] === undefined) {
    const why = `It does not read "create index concurrently ${quote(index)} on ${quoteTable(table)} …".`;
    throw new ConflictingObjectError(step, 'The statement of an index step cannot be taken apart.', why);
  }
  return { unique: match[1] !== undefined, rest: rest[1].replace(/;\s*$/, '') };
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The index of this name, or null. Throws `ConflictingObjectError` for another kind of object, or one on another table. */
export async function findIndex(
  session: Session,
  step: Step,
  index: string,
  table: TableName,
): Promise<FoundIndex | null> {
  const [row] = await session.query<{
    readonly oid: number;
    readonly relkind: string;
    readonly on: string | null;
    readonly here: boolean | null;
    readonly valid: boolean | null;
    readonly definition: string | null;
  }>(
    `select c.oid::int8 as oid,
       c.relkind::text as relkind,
       i.indrelid::regclass::text as "on",
       i.indrelid = to_regclass($3) as here,
       i.indisvalid and i.indislive as valid,
       pg_get_indexdef(i.indexrelid) as definition
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     left join pg_index i on i.indexrelid = c.oid
     where n.nspname = $1
     and c.relname = $2`,
    [table.schema, index, quoteTable(table)],
  );
  if (row === undefined) return null;
  if (row.here !== true || row.definition === null) {
    const what = `The name ${index} is taken in schema ${table.schema}.`;
    const why =
      row.on === null
        ? 'It is not an index.'
        : `It is an index of ${row.on}, and not of ${quoteTable(table)}.`;
    throw new ConflictingObjectError(step, what, why);
  }
  return { oid: row.oid, valid: row.valid === true, shape: shapeOf(row.definition) };
}

/** pg_get_indexdef without the names of index and table. `using` is always there, and no name stands behind the table's. */
function shapeOf(definition: string): string {
  // Names may hold anything, so quoted ones are stepped over as a whole.
  const match =
    /^CREATE (UNIQUE )?INDEX (?:"(?:[^"]|"")*"|[^\s"])+ ON (?:ONLY )?(?:"(?:[^"]|"")*"|[^\s"])+ (USING [\s\S]*)$/.exec(
      definition,
    );
  return match === null ? definition : `${match[1] ?? ''}${match[2]}`;
}

/**
 * What pg_get_indexdef would print for the statement: the server makes the index on an empty temporary copy of the table
 * and takes it back. No rule of ours has to know how PostgreSQL writes expressions, operator classes or defaults.
 */
export async function expectedShape(
  database: Database,
  table: TableName,
  statement: IndexStatement,
): Promise<string> {
  const limits = { lockTimeoutMs: 2_000, statementTimeoutMs: 10_000 };
  return database.transaction(limits, async (tx) => {
    await tx.query('savepoint bellows_probe');
    await tx.query(`create temporary table bellows_probe (like ${quoteTable(table)}) on commit drop`);
    await tx.query(
      `create ${statement.unique ? 'unique ' : ''}index bellows_probe_index on pg_temp.bellows_probe ${statement.rest}`,
    );
    const [row] = await tx.query<{ readonly definition: string }>(
      `select pg_get_indexdef(to_regclass('pg_temp.bellows_probe_index')) as definition`,
    );
    await tx.query('rollback to savepoint bellows_probe');
    return shapeOf(row?.definition ?? '');
  });
}

export interface Builder {
  readonly pid: number;
  readonly query: string;
}

/**
 * The other session that builds this index. pg_stat_progress_create_index covers the whole command; the locks on the index
 * do not, since it is let go between the phases of a concurrent build.
 */
export async function builderOf(session: Session, index: FoundIndex): Promise<Builder | null> {
  const [row] = await session.query<Builder & { readonly [key: string]: unknown }>(
    `select p.pid, coalesce(a.query, '') as query
     from pg_stat_progress_create_index p
     join pg_stat_activity a using (pid)
     where p.datname = current_database()
     and p.index_relid = $1
     union all
     select l.pid, coalesce(a.query, '')
     from pg_locks l
     join pg_stat_activity a using (pid)
     where l.locktype = 'relation'
     and l.database = (select oid from pg_database where datname = current_database())
     and l.relation = $1
     and l.granted
     and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     and l.pid <> pg_backend_pid()
     limit 1`,
    [index.oid],
  );
  return row ?? null;
}
