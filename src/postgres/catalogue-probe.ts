import type { ColumnType } from '#core/catalogue-facts';
import { BellowsError, DefinitionError } from '#core/errors';
import { quote, quoteTable, type TableName } from '#core/identifier';
import { sqlstateOf } from '#core/sqlstate';
import type { Session } from '#ports';

/** Runs something that makes objects, and takes them back; the caller's transaction stays usable after an error. */
async function takenBack<R>(tx: Session, work: () => Promise<R>): Promise<R> {
  await tx.query('savepoint bellows_probe');
  try {
    return await work();
  } finally {
    await tx.query('rollback to savepoint bellows_probe');
    await tx.query('release savepoint bellows_probe');
  }
}

/**
 * True when PostgreSQL would rewrite a table for this default. The server itself judges, over nested functions, operators
 * and casts: a temporary table that gets the column has another file afterwards exactly when the default is volatile.
 * Throws `DefinitionError` for an expression that cannot be a default.
 */
export async function isVolatile(tx: Session, expression: string): Promise<boolean> {
  return takenBack(tx, async () => {
    try {
      return await rewrites(tx, expression);
    } catch (error) {
      throw unusable(expression, error);
    }
  });
}

async function rewrites(tx: Session, expression: string): Promise<boolean> {
  // A view is planned and not run: it tells the type without calling anything. The line break ends a trailing comment.
  await tx.query(`create temporary view bellows_probe_type as select (${expression}\n) as c`);
  const type = await viewType(tx, 'base');
  await tx.query('create temporary table bellows_probe ()');
  const before = await fileOf(tx);
  await tx.query(`alter table pg_temp.bellows_probe add column c ${type} default (${expression}\n)`);
  return (await fileOf(tx)) !== before;
}

/** A domain with a constraint makes ADD COLUMN rewrite whatever the default is, so the type below it is asked for. */
async function viewType(tx: Session, domains: 'base' | 'kept'): Promise<string> {
  const [row] = await tx.query<{ readonly type: string }>(
    `with recursive base as (
       select a.atttypid as oid, a.atttypmod as modifier
       from pg_attribute a
       where a.attrelid = to_regclass('pg_temp.bellows_probe_type')
       and a.attnum = 1
       union all
       select t.typbasetype, t.typtypmod
       from base
       join pg_type t on t.oid = base.oid
       where t.typtype = 'd'
       and $1
     )
     select format_type(base.oid, base.modifier) as type
     from base
     join pg_type t on t.oid = base.oid
     where t.typtype <> 'd' or not $1`,
    [domains === 'base'],
  );
  if (row === undefined) throw new Error('a view without its column');
  return row.type;
}

async function fileOf(tx: Session): Promise<unknown> {
  const [row] = await tx.query(
    `select pg_relation_filenode(to_regclass('pg_temp.bellows_probe'))::int8 as file`,
  );
  return row?.file;
}

function unusable(expression: string, error: unknown): unknown {
  const sqlstate = sqlstateOf(error);
  // 22 and P0: the expression itself, computed once, raised. Its message is left out, since it may quote a value.
  if (sqlstate === null || error instanceof BellowsError || !/^(22|23|42|0A|2B|P0)/.test(sqlstate))
    return error;
  const why =
    /^(42|0A|2B)/.test(sqlstate) && error instanceof Error
      ? error.message
      : 'it raises an error when it is computed';
  return new DefinitionError(
    {
      what: `The expression "${expression.slice(0, 200)}" cannot be a default on this server.`,
      why: `PostgreSQL says: ${why} (${sqlstate}).`,
      left: 'Nothing was changed.',
      next: 'Correct the expression in the migration file.',
    },
    { sqlstate },
  );
}

/** What a type name cannot hold: the end of a statement, a comment or a string that would hide one. */
const NOT_IN_A_TYPE = /;|--|\/\*|'|\$/;

/**
 * `varchar(10)` -> `character varying(10)`, `citext` -> `public.citext`; null for what is no type here. Types outside of
 * pg_catalog come with their schema, so that the name means the same under every search_path.
 */
export async function typeName(tx: Session, type: string): Promise<string | null> {
  if (type.trim() === '' || NOT_IN_A_TYPE.test(type)) return null;
  return takenBack(tx, async () => {
    try {
      await tx.query(`create temporary view bellows_probe_type as select cast(null as ${type}) as c`);
    } catch (error) {
      if (/^(42|22|0A)/.test(sqlstateOf(error) ?? '')) return null;
      throw error;
    }
    await tx.query('set local search_path to pg_catalog');
    return viewType(tx, 'kept');
  });
}

/** No boolean; an operator that the types of the columns do not have. */
const NO_CONDITION: ReadonlySet<string> = new Set(['42804', '42883']);

/**
 * Why this can be no condition on the rows of a table, in the server's words; null: it can, or something else hides it. Nothing
 * is computed from a row, and what the text names may be made later.
 *
 * @param added columns that the table will have, with their types
 */
export async function conditionProblem(
  tx: Session,
  table: TableName,
  added: readonly ColumnType[],
  condition: string,
): Promise<string | null> {
  const more = added.map(({ name, type }) => `, null::${type} as ${quote(name)}`).join('');
  const rows = `(select *${more} from ${quoteTable(table)}) as ${quote(table.name)}`;
  try {
    // The line break ends a trailing comment.
    await takenBack(tx, () => tx.query(`explain select from ${rows} where (${condition}\n)`));
    return null;
  } catch (error) {
    const sqlstate = sqlstateOf(error);
    if (sqlstate === null) throw error;
    return NO_CONDITION.has(sqlstate) && error instanceof Error ? `${error.message} (${sqlstate})` : null;
  }
}
