/** One SQL value of a backfill: what it reads, whether it can be computed again, and the function that binds its names. */
import { expressionKey } from '#core/analysed-migration';
import type { AnalysedExpression } from '#core/analysed-sql';
import type { ColumnFacts } from '#core/catalogue-facts';
import { RefusedError } from '#core/errors';
import { displayTable } from '#core/identifier';
import type { Action, PlanColumn } from '#core/plan';
import { bindExpression, isBuiltInOnly } from '../expand/bound-function.js';
import type { Mapping } from '../expand/mapping-groups.js';
import { columnFacts, planColumn, type Scope } from './backfill-scope.js';

export interface CompiledMapping {
  readonly mapping: Mapping;
  readonly actions: readonly Action[];
}

/** @param target the column that it fills; default: the one of that name of the table itself. */
export function mapping(
  column: string,
  text: string,
  scope: Scope,
  target: PlanColumn = planColumn(column, scope),
): CompiledMapping {
  const { expression, verifiable, actions } = bound(text, column, target.type, scope);
  return { mapping: { column: target, expression, verifiable }, actions };
}

export interface Bound {
  readonly expression: AnalysedExpression;
  readonly verifiable: boolean;
  readonly actions: readonly Action[];
}

/** @param name of what it gives, for messages and for the function; @param type as PostgreSQL prints it. */
export function bound(text: string, name: string, type: string, scope: Scope): Bound {
  const expression = find(text, scope);
  const inputs = expression.columns.map((c) => columnFacts(c, scope));
  refuseGenerated(name, inputs, scope);
  const verifiable = !expression.hasSubquery && !changesByItself(expression, scope);
  const builtIn = inputs.every((c) => c?.builtInType ?? true);
  if (isBuiltInOnly(expression, scope.facts, builtIn)) return { expression, verifiable, actions: [] };
  const typeOf = (c: string) => planColumn(c, scope).type;
  const made = bindExpression(expression, scope.runId, `${scope.table.name}_${name}`, type, typeOf);
  return { expression: made.expression, verifiable, actions: made.actions };
}

/** Stable functions whose result is the moment, the session or a setting: recomputed later they give another value. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set([
  'now',
  'transaction_timestamp',
  'statement_timestamp',
  'current_setting',
  'pg_current_xact_id',
  'txid_current',
]);

function changesByItself(expression: AnalysedExpression, { facts }: Scope): boolean {
  if (expression.valueFunctions.length > 0) return true;
  return expression.functions.some(
    (f) => OF_THE_MOMENT.has(f.name) || (facts.routines.get(f.name)?.volatile ?? true),
  );
}

export function find(text: string, { migration, written }: Scope): AnalysedExpression {
  const expression = migration.expressions.get(expressionKey(written, text));
  if (expression !== undefined) return expression;
  throw new RefusedError({
    what: `The expression ${text} was not analysed.`,
    why: 'The file was loaded by another version of Bellows.',
  });
}

/** What decides which rows are meant. @throws RefusedError where it would decide anew at each look */
export function condition(text: string, { of, name }: Condition, scope: Scope): AnalysedExpression {
  const expression = find(text, scope);
  const { routines } = scope.facts;
  const volatile = expression.functions.find((f) => routines.get(f.name)?.volatile === true);
  if (volatile === undefined) return expression;
  throw new RefusedError({
    what: `The ${of} of ${displayTable(scope.table)} computes ${name} from more than its row: ${volatile.name}() is volatile.`,
    why: 'It would answer otherwise at each look, and so the sweeps over the table would not end.',
    next: 'Compute it from columns of the row (now() may be used), or declare the function STABLE if it is.',
  });
}

/** For messages: what it is a part of, and the option's name. */
interface Condition {
  readonly of: 'purge' | 'fill';
  readonly name: 'delete' | 'where';
}

function refuseGenerated(
  column: string,
  inputs: readonly (ColumnFacts | undefined)[],
  { table }: Scope,
): void {
  const generated = inputs.find((c) => c?.generated === true);
  if (generated === undefined) return;
  throw new RefusedError({
    what: `The mapping of ${displayTable(table)}.${column} reads ${generated.name}, a generated column.`,
    why: 'Before the row is stored a generated column has no value yet, so the sync trigger would map a NULL.',
    next: `Write the expression of ${generated.name} into the mapping.`,
  });
}
