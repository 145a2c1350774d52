/** One backfill of a definition, as the plan holds it. */
import { type AnalysedMigration, expressionKey } from '#core/analysed-migration';
import type { AnalysedExpression } from '#core/analysed-sql';
import type { ColumnFacts, TableFacts } from '#core/catalogue-facts';
import type { Backfill, PlainBackfill, PurgeBackfill, SyncedBackfill } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, parseTable, quoteTable } from '#core/identifier';
import type { Action, BackfillPlan, MappedColumn, PlainBackfillPlan, SyncedBackfillPlan } from '#core/plan';
import { bindExpression, isBuiltInOnly } from '../expand/bound-function.js';
import { type Mapping, mappingGroups } from '../expand/mapping-groups.js';
import {
  type Common,
  columnFacts,
  marked,
  planColumn,
  refuseLaterTriggers,
  type Scope,
} from './backfill-scope.js';
import { refuseUnindexed } from './compile-purge.js';
import { transformed } from './compile-transform.js';
import { type PlanningFacts, tableOf } from './facts.js';
import { triggerPolicy } from './trigger-policy.js';

export interface CompiledBackfill {
  readonly plan: BackfillPlan;
  /** Bound functions, to be made before the triggers that call them. */
  readonly actions: readonly Action[];
}

export function compileBackfill(
  migration: AnalysedMigration,
  backfill: Backfill,
  index: number,
  facts: PlanningFacts,
  runId: number,
): CompiledBackfill {
  const written = tableOf(backfill, migration.definition);
  const table = parseTable(written);
  const tableFacts = facts.tables.get(quoteTable(table));
  if (tableFacts === undefined) throw new RefusedError({ what: `There is no table ${displayTable(table)}.` });
  if (backfill.order !== undefined) refuseOrderWithoutKey(tableFacts);
  const scope: Scope = { migration, facts, runId, written, table, tableFacts };
  const common = {
    index,
    table,
    partitioned: tableFacts.kind === 'partitioned',
    triggers: triggerPolicy(backfill, tableFacts, facts.server),
    expectedRows: tableFacts.estimatedRows,
    ...(backfill.order === undefined ? {} : { order: backfill.order }),
  };
  if (backfill.delete !== undefined) return purge(backfill, common, scope);
  if (backfill.transform !== undefined) return { plan: transformed(backfill, common, scope), actions: [] };
  return backfill.where === undefined ? synced(backfill, common, scope) : plain(backfill, common, scope);
}

function synced(backfill: SyncedBackfill, common: Common, scope: Scope): CompiledBackfill {
  const forward = Object.entries(backfill.set).map(([column, value]) =>
    mapping(column, value?.text ?? 'null', scope),
  );
  const reverse = backfill.reverse === undefined || backfill.reverse === 'none' ? {} : backfill.reverse;
  const backward = Object.entries(reverse).map(([column, value]) => mapping(column, value.text, scope));
  refuseReverseIntoPartitionKey(Object.keys(reverse), scope);
  refuseLaterTriggers(scope);
  const plan: SyncedBackfillPlan = {
    ...common,
    ...marked(common, scope),
    groups: mappingGroups(
      forward.map((m) => m.mapping),
      backward.map((m) => m.mapping),
      (c) => planColumn(c, scope),
    ),
  };
  return { plan, actions: [...forward, ...backward].flatMap((m) => m.actions) };
}

function plain(backfill: PlainBackfill, common: Common, scope: Scope): CompiledBackfill {
  const set = Object.entries(backfill.set).map(([column, value]) => mapping(column, value.text, scope));
  const where = find(backfill.where.text, scope);
  const plan: PlainBackfillPlan = {
    ...common,
    kind: 'plain',
    set: set.map((m): MappedColumn => ({ ...m.mapping.column, expression: m.mapping.expression })),
    where,
  };
  return { plan, actions: set.flatMap((m) => m.actions) };
}

function purge(backfill: PurgeBackfill, common: Common, scope: Scope): CompiledBackfill {
  refuseUnindexed(scope.tableFacts);
  return { plan: { ...common, kind: 'purge', where: find(backfill.delete.text, scope) }, actions: [] };
}

function mapping(
  column: string,
  text: string,
  scope: Scope,
): { mapping: Mapping; actions: readonly Action[] } {
  const expression = find(text, scope);
  const target = planColumn(column, scope);
  const inputs = expression.columns.map((c) => columnFacts(c, scope));
  refuseGenerated(column, inputs, scope);
  const verifiable = !expression.hasSubquery && !changesByItself(expression, scope);
  if (
    isBuiltInOnly(
      expression,
      scope.facts,
      inputs.every((c) => c?.builtInType ?? true),
    )
  ) {
    return { mapping: { column: target, expression, verifiable }, actions: [] };
  }
  const bound = bindExpression(
    expression,
    scope.runId,
    `${scope.table.name}_${column}`,
    target.type,
    (c) => planColumn(c, scope).type,
  );
  return { mapping: { column: target, expression: bound.expression, verifiable }, actions: bound.actions };
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

function find(text: string, { migration, written }: Scope): AnalysedExpression {
  const expression = migration.expressions.get(expressionKey(written, text));
  if (expression !== undefined) return expression;
  throw new RefusedError({
    what: `The expression ${text} was not analysed.`,
    why: 'The file was loaded by another version of Bellows.',
  });
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

function refuseReverseIntoPartitionKey(columns: readonly string[], { table, tableFacts }: Scope): void {
  const column = columns.find((c) => tableFacts.partitionKey.includes(c));
  if (column === undefined) return;
  throw new RefusedError({
    what: `The reverse mapping writes ${displayTable(table)}.${column}, which is part of the partition key.`,
    why: 'A write of a new deploy could then move the row to another partition from inside a trigger, which PostgreSQL does not allow.',
    next: "Leave it out of `reverse`, or say reverse: 'none'.",
  });
}

function refuseOrderWithoutKey({ table, primaryKey }: TableFacts): void {
  if (primaryKey.length > 0) return;
  throw new RefusedError({
    what: `${displayTable(table)} has no primary key, so "newest first" has no order to go by.`,
    next: 'Leave out `order`: the walk then goes as the rows lie, which is about the order in which they were made.',
  });
}
