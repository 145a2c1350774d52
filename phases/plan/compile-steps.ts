/** The steps of a plan, phase by phase, in the order in which they are done. */
import type { AnyOperation, Definition, Statement } from '#core/definition';
import { displayTable, parseTable, quoteTable, sameTable, type TableName } from '#core/identifier';
import {
  type Action,
  filledColumns,
  isCopy,
  isTransform,
  type Step,
  type SyncedBackfillPlan,
  type TransactionStep,
} from '#core/plan';
import { cutStep, type Kept, pendingIndex, proveComplete, quarantineIndex } from '../contract/cut.js';
import { columnGrantActions } from '../expand/column-grants.js';
import { copyTriggerActions } from '../expand/copy-trigger.js';
import { markerActions } from '../expand/marker.js';
import { statementAction } from '../expand/statement.js';
import { syncTriggerActions } from '../expand/sync-trigger.js';
import type { CompiledBackfill } from './compile-backfill.js';
import { isCreated } from './created.js';
import { type PlanningFacts, tableOf } from './facts.js';
import type { ContextOf } from './operation.js';
import type { Rendered } from './rendered.js';
import { analyzeStep, indexStep, transactionStep } from './steps.js';
import { tablesOf } from './touches.js';

/** One transaction a table: columns, defaults, marker and triggers appear in it together, and the row type changes once. */
export function expandTransactions(
  definition: Definition,
  rendered: readonly Rendered[],
  backfills: readonly CompiledBackfill[],
  facts: PlanningFacts,
): readonly Step[] {
  const tables = tablesOf(definition);
  const made = tables.filter((table) => isCreated(table, definition));
  // What is written to comes before the trigger that writes to it.
  return [...made, ...tables.filter((table) => !made.includes(table))].flatMap(
    (table): readonly TransactionStep[] => {
      const own = (definition.expand ?? []).flatMap((o, i) =>
        // A statement is a transaction of its own, and need not name a table.
        o.kind !== 'statement' && sameTable(placeOf(o, definition), table) ? (rendered[i]?.expand ?? []) : [],
      );
      const here = backfills.filter((b) => sameTable(b.plan.table, table));
      const synced = here.map((b) => b.plan).filter((p): p is SyncedBackfillPlan => p.kind === 'synced');
      const actions = [
        ...own,
        ...synced.flatMap(markerActions),
        ...grants(synced, facts),
        ...here.flatMap((b) => b.actions),
        ...synced.flatMap(syncTriggerActions),
        ...here
          .map((b) => b.plan)
          .filter(isCopy)
          .flatMap(copyTriggerActions),
      ];
      if (actions.length === 0) return [];
      return [
        transactionStep(
          `expand/${displayTable(table)}`,
          'expand',
          `expand ${displayTable(table)}`,
          // Nobody else knows of a table that this step makes, and it cannot be locked before.
          made.includes(table) ? [] : [table],
          actions,
        ),
      ];
    },
  );
}

function placeOf(operation: AnyOperation, definition: Definition): TableName {
  return parseTable(operation.kind === 'createTable' ? operation.name : tableOf(operation, definition));
}

function grants(synced: readonly SyncedBackfillPlan[], facts: PlanningFacts): readonly Action[] {
  return synced.flatMap((plan) => {
    const table = facts.tables.get(quoteTable(plan.table));
    return table === undefined ? [] : columnGrantActions(plan, table);
  });
}

export function statementSteps(
  operations: readonly AnyOperation[],
  phase: 'expand' | 'contract',
  context: ContextOf,
): readonly TransactionStep[] {
  return operations.flatMap((o, i) => (o.kind === 'statement' ? [statementStep(o, i, phase, context)] : []));
}

function statementStep(
  operation: Statement,
  index: number,
  phase: 'expand' | 'contract',
  context: ContextOf,
): TransactionStep {
  const at = context(operation, String(index + 1), phase === 'contract');
  const tables = at.facts === null ? [] : [at.table];
  return transactionStep(`${phase}/${index + 1}/statement`, phase, operation.reason, tables, [
    statementAction(operation, at),
  ]);
}

export function settleSteps(
  backfills: readonly CompiledBackfill[],
  synced: readonly SyncedBackfillPlan[],
  rendered: Rendered,
): readonly Step[] {
  return [
    // Before readers come: a new column without statistics gets plans that guess.
    ...backfills.map(({ plan }) =>
      analyzeStep(
        `settle/analyze/${plan.index}`,
        isCopy(plan) ? plan.target : plan.table,
        filledColumns(plan).map((c) => c.name),
      ),
    ),
    ...rendered.settle,
    ...synced.map((b) => indexStep(`settle/quarantine/${b.index}`, 'settle', quarantineIndex(b))),
    // After the walk: before it, every row would be in it.
    ...synced
      .filter(isTransform)
      .map((b) => indexStep(`settle/pending/${b.index}`, 'settle', pendingIndex(b))),
  ];
}

export function contractSteps(
  operations: readonly AnyOperation[],
  kept: Kept,
  rendered: Rendered,
  tables: readonly TableName[],
  context: ContextOf,
  unbind: readonly Action[],
): readonly Step[] {
  const firstDrop = operations.findIndex((o) => o.kind === 'dropColumn' || o.kind === 'dropTable');
  const before = firstDrop < 0 ? operations.length : firstDrop;
  const statements = statementSteps(operations, 'contract', context);
  const position = (step: TransactionStep) => Number(step.id.split('/')[1]) - 1;
  const cut = cutStep(kept, rendered, tables, unbind);
  return [
    ...kept.synced.filter((b) => !isTransform(b)).flatMap(proveComplete),
    ...rendered.prove,
    ...statements.filter((s) => position(s) < before),
    ...(cut === null ? [] : [cut]),
    ...statements.filter((s) => position(s) >= before),
  ];
}
