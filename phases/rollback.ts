/**
 * The way back before contract: what was added goes, the old shape was kept true all along. Constraints, triggers, marker
 * and columns go in one short transaction; indexes on columns that stay are dropped concurrently after it.
 */
import type { TableName } from '#core/identifier';
import { displayTable, quoteTable } from '#core/identifier';
import type { Action, RunPlan, Step, StepPhase, SyncedBackfillPlan, TransactionStep } from '#core/plan';
import { dropSyncActions } from './expand/sync-trigger.js';
import { dropIndexStep, transactionStep } from './steps.js';

export function rollbackSteps(
  steps: readonly Step[],
  synced: readonly SyncedBackfillPlan[],
): readonly Step[] {
  const transactions = steps.filter((s): s is TransactionStep => s.kind === 'transaction' && !s.destructive);
  // The sync objects have a removal of their own that takes triggers, function and marker in the one order that works.
  const sync = new Set(synced.flatMap(dropSyncActions).map((a) => a.sql));
  const undone = transactions.flatMap((step) => step.actions.flatMap((a) => undoOf(a, sync))).reverse();
  const actions = unique([...synced.flatMap(dropSyncActions), ...undone]);
  const tables = uniqueTables(transactions.flatMap((s) => s.tables));
  const first =
    actions.length === 0
      ? []
      : [
          transactionStep(
            'rollback/undo',
            'rollback',
            `take back what was added to ${tables.map(displayTable).join(', ')}`,
            tables,
            actions,
          ),
        ];
  return [...first, ...dropIndexes(steps, 'rollback')];
}

/**
 * A contract that falls back to its gate leaves nothing behind: a CHECK that it had proven would go on refusing what old
 * deploys write, and rows that return to pending.
 */
export function undoContract({ steps }: RunPlan): readonly Step[] {
  const added = steps.contract.filter(
    (s): s is TransactionStep => s.kind === 'transaction' && !s.destructive,
  );
  const actions = added.flatMap((step) => step.actions.flatMap((a) => undoOf(a, new Set()))).reverse();
  const tables = uniqueTables(added.flatMap((s) => s.tables));
  const first =
    actions.length === 0
      ? []
      : [
          transactionStep(
            'contract/undo',
            'contract',
            'take back what the contract had added',
            tables,
            actions,
          ),
        ];
  return [...first, ...dropIndexes(steps.contract, 'contract')];
}

function dropIndexes(steps: readonly Step[], phase: StepPhase): readonly Step[] {
  return steps.flatMap((s) =>
    s.kind === 'index' ? [dropIndexStep(`${phase}/undo/${s.index}`, phase, s.table, s.index)] : [],
  );
}

function undoOf(action: Action, sync: ReadonlySet<string>): readonly Action[] {
  if (action.undo === null || sync.has(action.undo)) return [];
  return [{ title: `undo: ${action.title}`, form: 'statement', sql: action.undo, probe: null, undo: null }];
}

function unique(actions: readonly Action[]): readonly Action[] {
  const seen = new Set<string>();
  return actions.filter(({ sql }) => !seen.has(sql) && seen.add(sql));
}

function uniqueTables(tables: readonly TableName[]): readonly TableName[] {
  return [...new Map(tables.map((t) => [quoteTable(t), t])).values()];
}
