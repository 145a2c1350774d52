/** Which earlier run a run waits for: only one that touches the same objects, and one backfill a table at a time. */
import { displayTable, quoteTable } from '#core/identifier';
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

function backfillConflict(run: RunRow, runs: readonly RunRow[]): string | null {
  const own = new Set(run.plan.backfills.map((b) => quoteTable(b.table)));
  for (const other of runs.filter((o) => isEarlier(o, run) && innerState(o.state).kind === 'backfilling')) {
    const shared = other.plan.backfills.find((b) => own.has(quoteTable(b.table)));
    if (shared !== undefined)
      return `waits for ${other.migration}: it backfills ${displayTable(shared.table)}`;
  }
  return null;
}

export function conflictOf(run: RunRow, runs: readonly RunRow[]): string | null {
  if (run.state.kind === 'pending') return startConflict(run, runs);
  return run.state.kind === 'backfilling' ? backfillConflict(run, runs) : null;
}
