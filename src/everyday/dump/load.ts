/** Loads a schema file into an empty database. */
import { sqlstateOf } from '#core/sqlstate';
import { loadParser } from '#parser/load';
import { type SqlStatement, splitStatements } from '#parser/split';
import type { Database, Session } from '#ports';
import { SqlStatementError } from '../sql/statement-error.js';
import { NotEmptyError } from './errors.js';

export interface LoadedFile {
  /** As it is shown: relative to the working directory. */
  readonly file: string;
  readonly text: string;
}

export interface Loaded {
  readonly statements: number;
  /** False: the file holds something that no transaction may hold. */
  readonly oneTransaction: boolean;
}

/**
 * @throws SqlSyntaxError before anything is run; NotEmptyError; SqlStatementError with the place in the file
 */
export async function loadSchema(
  database: Database,
  { file, text }: LoadedFile,
  signal: AbortSignal,
): Promise<Loaded> {
  await loadParser();
  // As psql does, which pg_dump writes them for. Blank, so that every place in the text stays what it is.
  const source = text.replace(/^\\(?:un)?restrict\b.*$/gm, (line) => ' '.repeat(line.length));
  const statements = splitStatements(source);
  const oneTransaction = !statements.some(standsAlone);
  await database.direct(signal, async (session) => {
    await refuseFull(session);
    const run = () => sendAll(session, { file, source, oneTransaction }, statements);
    await (oneTransaction ? inTransaction(session, run) : run());
  });
  return { statements: statements.length, oneTransaction };
}

/** What PostgreSQL refuses inside a transaction block, and what ends or begins one by itself. */
const ALONE = new Set([
  'TransactionStmt',
  'VacuumStmt',
  'CreatedbStmt',
  'DropdbStmt',
  'AlterSystemStmt',
  'CreateTableSpaceStmt',
  'CreateSubscriptionStmt',
]);

function standsAlone({ kind, text }: SqlStatement): boolean {
  return ALONE.has(kind) || (/^(IndexStmt|ReindexStmt)$/.test(kind) && /\bconcurrently\b/i.test(text));
}

async function inTransaction(session: Session, work: () => Promise<void>): Promise<void> {
  await session.query('begin');
  try {
    await work();
    await session.query('commit');
  } catch (error) {
    await session.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function sendAll(
  session: Session,
  {
    file,
    source,
    oneTransaction,
  }: { readonly file: string; readonly source: string; readonly oneTransaction: boolean },
  statements: readonly SqlStatement[],
): Promise<void> {
  const known = await settingsOf(session);
  for (const [i, { text, start, kind }] of statements.entries()) {
    if (isForeignSetting(kind, text, known)) continue;
    await session.query(text).catch((error: unknown) => {
      throw new SqlStatementError(
        { file, source, start: start.offset, text },
        error,
        outcome(error, oneTransaction, i),
      );
    });
  }
  // Behind a pooler the next user gets the same server connection: what the file has set would be his.
  await session.query('reset all');
}

function outcome(error: unknown, oneTransaction: boolean, before: number) {
  if (!oneTransaction) {
    return {
      left: `The ${before} statements before it: the file holds something that no transaction may hold.`,
      next: 'Correct the file, then bellows drop, bellows create, bellows load.',
    };
  }
  const left = 'Nothing: it was one transaction, and it was rolled back.';
  // Every object that is made is locked until the end.
  if (sqlstateOf(error) === '53200')
    return { left, next: 'Raise max_locks_per_transaction on the server, or load the file with psql.' };
  return { left, next: 'Correct the file, or dump it again, then bellows load.' };
}

/** A file of a newer pg_dump sets what this server does not know, such as `transaction_timeout`. */
function isForeignSetting(kind: string, text: string, known: ReadonlySet<string>): boolean {
  const name =
    kind === 'VariableSetStmt' ? /^set\s+(?:session\s+)?(\w+)\s*(?:=|to\s)/i.exec(text)?.[1] : undefined;
  return name !== undefined && !known.has(name.toLowerCase());
}

async function settingsOf(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>(
    'select lower(name) as name from pg_catalog.pg_settings',
  );
  return new Set(rows.map(({ name }) => name));
}

const SHOWN = 3;

async function refuseFull(session: Session): Promise<void> {
  const [found] = await session.query<{ names: readonly string[]; count: number }>(CONTENT, [SHOWN]);
  if (found !== undefined && found.count > 0) throw new NotEmptyError(found.names, found.count);
}

/** What a file could collide with: schemas, relations, types and routines of users; extensions bring their own. */
const CONTENT = `
with schemas as (
  select oid, nspname from pg_catalog.pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', 'bellows', 'bullmq')
),
found as (
  select 1 as rank, 'schema ' || quote_ident(nspname) as name, 'pg_catalog.pg_namespace'::regclass as catalogue, oid
  from schemas where nspname <> 'public'
  union all
  select 2, case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
    else 'table ' end || format('%I.%I', s.nspname, c.relname), 'pg_catalog.pg_class'::regclass, c.oid
  from pg_catalog.pg_class c join schemas s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 3, 'type ' || format('%I.%I', s.nspname, t.typname), 'pg_catalog.pg_type'::regclass, t.oid
  from pg_catalog.pg_type t join schemas s on s.oid = t.typnamespace
  where t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and exists (
    select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
  union all
  select 4, 'function ' || format('%I.%I', s.nspname, p.proname), 'pg_catalog.pg_proc'::regclass, p.oid
  from pg_catalog.pg_proc p join schemas s on s.oid = p.pronamespace
),
own as (
  select f.rank, f.name from found f
  where not exists (
    select from pg_catalog.pg_depend d
    where d.classid = f.catalogue and d.objid = f.oid and d.deptype in ('e', 'i')
  )
)
select count(*)::int as count,
  array(select name from own order by rank, name collate "C" limit $1::int) as names
from own`;
