/** Which run another waits for: an earlier one that touches the same objects, and one backfill a table at a time. */
import { displayTable, quoteTable, type TableName } from '#core/identifier';
import { type BackfillPlan, isCopy } from '#core/plan';
import { innerState, isFinal } from '#core/state';
import { meet } from '#phases/plan/touches';
import type { RunRow } from '#ports';

/** Migrations are run in the order of their names; the id of a run says nothing of that order. */
function isEarlier(other: RunRow, run: RunRow): boolean {
  return other.id !== run.id && other.migration < run.migration && !isFinal(other.state);
}

export function startConflict(run: RunRow, runs: readonly RunRow[]): string | null {
  for (const other of runs.filter((o) => isEarlier(o, run))) {
    const object = meet(run.plan.touches, [...other.plan.touches, ...other.plan.drops]);
    if (object !== null) return `waits for ${other.migration}: both change ${object}`;
  }
  return null;
}

/**
 * Who came first goes first, also where its migration is the later one: what is in the middle of a table is not stopped for one
 * that is about to begin. Both by the database's clock; never two that wait for each other, since this is one order of all.
 */
function cameFirst(other: RunRow, run: RunRow): boolean {
  const [theirs, own] = [innerState(other.state), innerState(run.state)];
  if (other.id === run.id || theirs.kind !== 'backfilling' || own.kind !== 'backfilling') return false;
  const ahead = Date.parse(own.since) - Date.parse(theirs.since);
  return ahead > 0 || (ahead === 0 && other.migration < run.migration);
}

/** Tables that a backfill loads: the one that it goes through, and the one that it copies to. */
function walkedBy(backfill: BackfillPlan): readonly TableName[] {
  return isCopy(backfill) ? [backfill.table, backfill.target] : [backfill.table];
}

function backfillConflict(run: RunRow, runs: readonly RunRow[]): string | null {
  const own = new Set(run.plan.backfills.flatMap(walkedBy).map(quoteTable));
  for (const other of runs.filter((o) => cameFirst(o, run))) {
    const shared = other.plan.backfills.flatMap(walkedBy).find((table) => own.has(quoteTable(table)));
    if (shared !== undefined) return `waits for ${other.migration}: it backfills ${displayTable(shared)}`;
  }
  return null;
}

export function conflictOf(run: RunRow, runs: readonly RunRow[]): string | null {
  if (run.state.kind === 'pending') return startConflict(run, runs);
  return run.state.kind === 'backfilling' ? backfillConflict(run, runs) : null;
}
