import { quote } from '#core/identifier';
import { filledColumns, type PlanColumn, type SyncedBackfillPlan, sourceColumns } from '#core/plan';
import { imageDiffers, uniqueColumns } from './sync-trigger-text.js';

/**
 * When an UPDATE concerns the sync trigger: the row is pending or refused, somebody wrote the marker, or a mapped
 * column changed. `is distinct from` costs a third of the comparison of row images, but asks the type's equality:
 * it may stand only where that is equality of bytes.
 */
export function updateCondition(plan: SyncedBackfillPlan): string {
  const marker = quote(plan.marker);
  const columns = uniqueColumns([...sourceColumns(plan), ...filledColumns(plan)]);
  const concerned = [
    `old.${marker} in ('p', 'q')`,
    `old.${marker} <> new.${marker}`,
    ...columns.filter((c) => c.plainEquality).map(distinct),
    ...imageTerm(columns.filter((c) => !c.plainEquality)),
  ].join('\n    or ');
  // No other trigger touches a batch's rows, so there is nothing to give back, and batches pass at no cost.
  if (!plan.restores) return `not (old.${marker} = 'p' and new.${marker} = 'd')\n    and (${concerned})`;
  return concerned;
}

function distinct({ name }: PlanColumn): string {
  return `new.${quote(name)} is distinct from old.${quote(name)}`;
}

function imageTerm(columns: readonly PlanColumn[]): readonly string[] {
  return columns.length === 0 ? [] : [imageDiffers('new', 'old', columns)];
}
