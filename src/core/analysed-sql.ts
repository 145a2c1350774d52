/** A place in an expression where a column of the migrated row stands; the name as PostgreSQL folds it, unquoted. */
export interface ColumnSlot {
  readonly column: string;
}

/** A function, type or the like as it was written; `schema` is null where none was written. */
export interface SqlName {
  readonly schema: string | null;
  readonly name: string;
}

/**
 * What the parser found in one scalar SQL expression: plain data, so that the same expression can be rendered over
 * `new`, `old`, or the alias of a batch.
 */
export interface AnalysedExpression {
  /** As written in the file. */
  readonly text: string;
  /** Text and column slots in order; comments are left out, so that the rendered text can stand inside a line. */
  readonly parts: readonly (string | ColumnSlot)[];
  /** The slots' columns, distinct, in order of appearance. */
  readonly columns: readonly string[];
  /** Unqualified names inside subqueries. They belong to the subquery, unless it has no such column. */
  readonly subqueryNames: readonly string[];
  /** Called functions, those of the subqueries too; `extract`, `at time zone` and their like as `pg_catalog` functions. */
  readonly functions: readonly SqlName[];
  /** `current_timestamp`, `current_user` and the other calls without parentheses: all stable, and not in `pg_proc`. */
  readonly valueFunctions: readonly string[];
  /** Operators, those that `in`, `between`, `like`, `nullif` and `case x when` stand for too; `schema.op` where one was written. */
  readonly operators: readonly string[];
  /** Types that are named, usually the targets of casts; `int` and its like arrive as `pg_catalog.int4`. */
  readonly types: readonly SqlName[];
  readonly hasSubquery: boolean;
}

/**
 * The expression over other row aliases. The caller puts parentheses around it where its context needs them.
 *
 * @param column gives the SQL for a column: quoted, and with the alias, such as `new."full_name"`.
 */
export function renderExpression(expression: AnalysedExpression, column: (name: string) => string): string {
  return expression.parts.map((part) => (typeof part === 'string' ? part : column(part.column))).join('');
}
