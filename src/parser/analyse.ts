import type { AnalysedExpression, SqlName } from '#core/analysed-sql';
import { BUILT_IN_AGGREGATES } from './built-in-aggregates.js';
import { SqlExpressionError } from './errors.js';
import { type Expression, parseExpression } from './expression.js';
import { type Findings, type Found, findingsIn, numberOf, stringsOf } from './findings.js';
import { partsOf, slotsOf } from './slots.js';

/** What the names of an expression can mean. */
export interface ExpressionScope {
  /** The migrated table's unqualified name, as in the catalogue. */
  readonly table: string;
}

/**
 * Reads one scalar SQL expression over the columns of a row.
 *
 * A column's bare name is a column of the row, and so is `table.column`, which is also the way to say it inside a
 * subquery. `loadParser()` must have been awaited.
 *
 * @throws SqlSyntaxError, SqlExpressionError
 */
export function analyseExpression(sql: string, scope: ExpressionScope): AnalysedExpression {
  const expression = parseExpression(sql);
  const findings = findingsIn(expression.tree, scope.table);
  for (const found of findings.nodes) refuseNode(found, expression);
  const slots = slotsOf(findings.references, expression, scope.table);
  return {
    text: sql,
    parts: partsOf(slots, expression),
    columns: distinct(slots.map((slot) => slot.column)),
    subqueryNames: distinct(looseNames(findings, expression)),
    functions: distinctNames(findings.nodes.flatMap(functionOf)),
    valueFunctions: distinct(findings.nodes.flatMap(valueFunctionOf)),
    operators: distinct(findings.nodes.flatMap(operatorsOf)),
    types: distinctNames(findings.nodes.flatMap(typeOf)),
    hasSubquery: findings.nodes.some((found) => found.kind === 'SelectStmt'),
  };
}

/** Reasons by kind of node. Inside a subquery the first group is at home. */
const NOT_PER_ROW: Readonly<Record<string, string>> = {
  GroupingFunc: 'grouping() belongs to a query with GROUP BY',
  JsonObjectAgg: 'json_objectagg() is an aggregate',
  JsonArrayAgg: 'json_arrayagg() is an aggregate',
  MergeSupportFunc: 'merge_action() belongs to MERGE',
};
const NOWHERE: Readonly<Record<string, string>> = {
  SetToDefault: 'DEFAULT is not a value',
  CurrentOfExpr: 'WHERE CURRENT OF needs a cursor',
  InsertStmt: 'an expression must not write',
  UpdateStmt: 'an expression must not write',
  DeleteStmt: 'an expression must not write',
  MergeStmt: 'an expression must not write',
  LockingClause: 'an expression must not lock rows',
  intoClause: 'an expression must not create a table',
};

function refuseNode(found: Found, expression: Expression): void {
  const why = NOWHERE[found.kind] ?? (found.inSubquery ? undefined : reasonPerRow(found));
  if (why === undefined) return;
  throw new SqlExpressionError(
    {
      what: `This is not an expression over one row: ${why}.`,
      why: 'It is computed for each row by itself, in the batches and in the sync trigger.',
      next: 'Say it with the columns of the row, or with a subquery in parentheses.',
    },
    expression.sql,
    expression.offset(numberOf(found.node.location)),
  );
}

function reasonPerRow({ kind, node }: Found): string | undefined {
  if (kind !== 'FuncCall') return NOT_PER_ROW[kind];
  const path = stringsOf(node.funcname);
  const name = path.at(-1) ?? '';
  if (node.over !== undefined) return `${name}() OVER is a window function`;
  const builtIn = path.length === 1 || path[0] === 'pg_catalog';
  const telling = [node.agg_star, node.agg_distinct, node.agg_filter, node.agg_order, node.agg_within_group];
  const aggregate = telling.some((mark) => mark !== undefined) || (builtIn && BUILT_IN_AGGREGATES.has(name));
  return aggregate ? `${name}() is an aggregate or window function` : undefined;
}

function looseNames(findings: Findings, expression: Expression): readonly string[] {
  const loose = findings.references.filter(
    (name) => name.inSubquery && !name.star && name.fields.length === 1,
  );
  return loose
    .sort((a, b) => expression.offset(a.location) - expression.offset(b.location))
    .flatMap((name) => name.fields);
}

function functionOf({ kind, node }: Found): readonly SqlName[] {
  return kind === 'FuncCall' ? [sqlName(stringsOf(node.funcname))] : [];
}

/** `SVFOP_CURRENT_TIMESTAMP_N` is `current_timestamp(3)`. */
function valueFunctionOf({ kind, node }: Found): readonly string[] {
  if (kind !== 'SQLValueFunction' || typeof node.op !== 'string') return [];
  return [
    node.op
      .replace(/^SVFOP_/, '')
      .replace(/_N$/, '')
      .toLowerCase(),
  ];
}

/** What the parser names by the words that were written, and the operators that the server then looks up. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  BETWEEN: ['>=', '<='],
  'BETWEEN SYMMETRIC': ['>=', '<='],
  'NOT BETWEEN': ['<', '>'],
  'NOT BETWEEN SYMMETRIC': ['<', '>'],
};

function operatorsOf({ kind, node }: Found): readonly string[] {
  if (kind === 'A_Expr') return meant(stringsOf(node.name).join('.'));
  if (kind === 'CaseExpr') return node.arg === undefined ? [] : ['='];
  if (kind !== 'SubLink' || node.testexpr === undefined) return [];
  // `x in (select …)` comes without an operator.
  return meant(stringsOf(node.operName).join('.') || '=');
}

function meant(name: string): readonly string[] {
  return MEANT[name] ?? [name];
}

/** Directly in a cast a type is the field `typeName`, elsewhere a node `TypeName`. */
function typeOf({ kind, node }: Found): readonly SqlName[] {
  if (kind !== 'TypeName' && kind !== 'typeName') return [];
  return [sqlName(stringsOf(node.names))];
}

function sqlName(path: readonly string[]): SqlName {
  return { schema: path.at(-2) ?? null, name: path.at(-1) ?? '' };
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

function distinctNames(names: readonly SqlName[]): readonly SqlName[] {
  return [...new Map(names.map((name) => [JSON.stringify([name.schema, name.name]), name])).values()];
}
