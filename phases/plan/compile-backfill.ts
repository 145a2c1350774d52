/** One backfill of a definition, as the plan holds it. */
import type { AnalysedMigration } from '#core/analysed-migration';
import type { TableFacts } from '#core/catalogue-facts';
import type { Backfill, PlainBackfill, PurgeBackfill, SyncedBackfill } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, parseTable, quoteTable } from '#core/identifier';
import type { Action, BackfillPlan, MappedColumn, PlainBackfillPlan, SyncedBackfillPlan } from '#core/plan';
import { mappingGroups } from '../expand/mapping-groups.js';
import { type Common, marked, planColumn, refuseLaterTriggers, type Scope } from './backfill-scope.js';
import { copied, targetFacts } from './compile-copy.js';
import { condition, mapping } from './compile-mapping.js';
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
    triggers: triggerPolicy(backfill, targetFacts(backfill, facts) ?? tableFacts, facts.server),
    expectedRows: tableFacts.estimatedRows,
    ...(backfill.order === undefined ? {} : { order: backfill.order }),
  };
  if (backfill.delete !== undefined) return purge(backfill, common, scope);
  if (backfill.copy !== undefined) return copied(backfill, common, scope);
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
  const where = condition(backfill.where.text, { of: 'fill', name: 'where' }, scope);
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
  const where = condition(backfill.delete.text, { of: 'purge', name: 'delete' }, scope);
  return { plan: { ...common, kind: 'purge', where }, actions: [] };
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
