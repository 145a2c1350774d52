/** One backfill of a definition, as the plan holds it. */
import { type AnalysedMigration, expressionKey } from '#core/analysed-migration';
import type { AnalysedExpression } from '#core/analysed-sql';
import type { ColumnFacts, TableFacts } from '#core/catalogue-facts';
import type { Backfill, PlainBackfill, PurgeBackfill, SyncedBackfill } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, generatedName, parseTable, quoteTable, type TableName } from '#core/identifier';
import type {
  Action,
  BackfillPlan,
  MappedColumn,
  PlainBackfillPlan,
  PlanColumn,
  SyncedBackfillPlan,
} from '#core/plan';
import { bindExpression, isBuiltInOnly } from '../expand/bound-function.js';
import { type Mapping, mappingGroups } from '../expand/mapping-groups.js';
import { refuseUnindexed } from './compile-purge.js';
import { type PlanningFacts, tableOf } from './facts.js';
import { triggerPolicy } from './trigger-policy.js';

export interface CompiledBackfill {
  readonly plan: BackfillPlan;
  /** Bound functions, to be made before the triggers that call them. */
  readonly actions: readonly Action[];
}

interface Scope {
  readonly migration: AnalysedMigration;
  readonly facts: PlanningFacts;
  readonly runId: number;
  readonly written: string;
  readonly table: TableName;
  readonly tableFacts: TableFacts;
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
  return backfill.where === undefined ? synced(backfill, common, scope) : plain(backfill, common, scope);
}

type Common = Pick<BackfillPlan, 'index' | 'table' | 'partitioned' | 'triggers' | 'expectedRows' | 'order'>;

function synced(backfill: SyncedBackfill, common: Common, scope: Scope): CompiledBackfill {
  const forward = Object.entries(backfill.set).map(([column, value]) =>
    mapping(column, value?.text ?? 'null', scope),
  );
  const reverse = backfill.reverse === undefined || backfill.reverse === 'none' ? {} : backfill.reverse;
  const backward = Object.entries(reverse).map(([column, value]) => mapping(column, value.text, scope));
  refuseReverseIntoPartitionKey(Object.keys(reverse), scope);
  refuseLaterTriggers(scope);
  const name = (suffix: string) => generatedName(`~bellows_${scope.runId}_${common.index}`, suffix);
  const plan: SyncedBackfillPlan = {
    ...common,
    kind: 'synced',
    marker: generatedName('_bellows', String(scope.runId), String(common.index)),
    insertTrigger: name('i'),
    updateTrigger: name('u'),
    triggerFunction: generatedName('sync', String(scope.runId), String(common.index)),
    restores: scope.tableFacts.triggers.some(
      (t) =>
        t.timing === 'before' && t.level === 'row' && t.events.includes('update') && t.enabled !== 'disabled',
    ),
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

function columnFacts(name: string, { tableFacts }: Scope) {
  return tableFacts.columns.find((c) => c.name === name);
}

/** A column of the table as it is, or one that the migration adds. */
function planColumn(name: string, scope: Scope): PlanColumn {
  const { definition } = scope.migration;
  const requiredLater = (definition.contract ?? []).some(
    (o) => o.kind === 'setNotNull' && o.column === name && tableOf(o, definition) === scope.written,
  );
  const existing = columnFacts(name, scope);
  if (existing !== undefined) {
    return {
      name,
      type: existing.type,
      default: existing.default,
      volatileDefault: existing.defaultVolatile,
      plainEquality: existing.plainEquality,
      requiredLater,
    };
  }
  const added = (definition.expand ?? []).find(
    (o) => o.kind === 'addColumn' && o.column === name && tableOf(o, definition) === scope.written,
  );
  if (added?.kind !== 'addColumn') throw missingColumn(name, scope.table);
  return {
    name,
    type: scope.facts.types.get(added.type) ?? added.type,
    default: added.default?.text ?? null,
    volatileDefault: added.default !== undefined && scope.facts.volatileDefaults.has(added.default.text),
    // The equality of a column that is not there yet is not known; comparing images is right for every type.
    plainEquality: false,
    requiredLater,
  };
}

const OUR_TRIGGER = /^~bellows_\d+_\d+_[iu]$/;

/** A name that begins with anything but ASCII sorts after `~`, by bytes as PostgreSQL sorts them. */
function refuseLaterTriggers({ table, tableFacts }: Scope): void {
  const later = tableFacts.triggers.find(
    (t) =>
      t.timing === 'before' &&
      t.level === 'row' &&
      t.enabled !== 'disabled' &&
      (t.events.includes('insert') || t.events.includes('update')) &&
      t.name > '~bellows_' &&
      !OUR_TRIGGER.test(t.name),
  );
  if (later === undefined) return;
  throw new RefusedError({
    what: `The trigger ${later.name} of ${displayTable(table)} would fire after the sync trigger.`,
    why: 'BEFORE triggers fire in the order of the bytes of their names; what it changes then would reach one side only.',
    next: `Give it a name that begins with a letter of ASCII: alter trigger … on ${displayTable(table)} rename to …`,
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

function missingColumn(name: string, table: TableName): RefusedError {
  return new RefusedError({
    what: `There is no column ${name} on ${displayTable(table)}, and the migration does not add it.`,
    next: 'Correct the name in the mapping, or add the column in `expand`.',
  });
}
