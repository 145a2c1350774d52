/**
 * The way back before contract: what was added goes, the old shape was kept true all along. Constraints, triggers, marker
 * and columns go in one short transaction; indexes on columns that stay are dropped concurrently after it.
 */
import type { TableName } from '#core/identifier';
import { displayTable, literal, quoteTable, sameTable } from '#core/identifier';
import type { Action, RunPlan, Step, StepPhase, SyncedBackfillPlan, TransactionStep } from '#core/plan';
import { dropSyncActions } from '../expand/sync-trigger.js';
import { dropIndexStep, transactionStep } from './steps.js';

const UNDO = 'rollback/undo';
const CONTRACT_UNDO = 'contract/undo';

export function rollbackSteps(
  steps: readonly Step[],
  synced: readonly SyncedBackfillPlan[],
  runId: number,
  /** Made by the run, and perhaps not yet: dropped without a lock before. */
  created: readonly TableName[] = [],
): readonly Step[] {
  const transactions = steps.filter((s): s is TransactionStep => s.kind === 'transaction' && !s.destructive);
  // The sync objects have a removal of their own that takes triggers, function and marker in the one order that works.
  const sync = new Set(synced.flatMap(dropSyncActions).map((a) => a.sql));
  const undone = transactions
    .flatMap((step) => step.actions.flatMap((a) => undoOf(a, sync, [runId, step.id, UNDO])))
    .reverse();
  const actions = unique([...synced.flatMap(dropSyncActions), ...undone]);
  const tables = uniqueTables(transactions.flatMap((s) => s.tables)).filter(
    (table) => !created.some((made) => sameTable(made, table)),
  );
  const first =
    actions.length === 0
      ? []
      : [
          transactionStep(
            UNDO,
            'rollback',
            tables.length === 0
              ? 'take back what was done'
              : `take back what was added to ${tables.map(displayTable).join(', ')}`,
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
export function undoContract({ steps }: RunPlan, runId: number): readonly Step[] {
  const added = steps.contract.filter(
    (s): s is TransactionStep => s.kind === 'transaction' && !s.destructive,
  );
  const actions = added
    .flatMap((step) => step.actions.flatMap((a) => undoOf(a, new Set(), [runId, step.id, CONTRACT_UNDO])))
    .reverse();
  const tables = uniqueTables(added.flatMap((s) => s.tables));
  const first =
    actions.length === 0
      ? []
      : [
          transactionStep(
            CONTRACT_UNDO,
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

type Performed = readonly [runId: number, step: string, undo: string];

function undoOf(action: Action, sync: ReadonlySet<string>, performed: Performed): readonly Action[] {
  if (action.undo === null || sync.has(action.undo)) return [];
  // The undo of our own operations may run over what is not there; that of a statement need not.
  const probe = action.form === 'statement' ? neverPerformed(performed) : null;
  return [{ title: `undo: ${action.title}`, form: 'statement', sql: action.undo, probe, undo: null }];
}

/** True where the step was not carried out, or was taken back already. */
function neverPerformed([runId, step, undo]: Performed): string {
  const done = (id: string) =>
    `exists (select from bellows.steps where run_id = ${runId} and step_id = ${literal(id)} and state = 'done')`;
  return `select not ${done(step)} or ${done(undo)} as done`;
}

function unique(actions: readonly Action[]): readonly Action[] {
  const seen = new Set<string>();
  return actions.filter(({ sql }) => !seen.has(sql) && seen.add(sql));
}

function uniqueTables(tables: readonly TableName[]): readonly TableName[] {
  return [...new Map(tables.map((t) => [quoteTable(t), t])).values()];
}
