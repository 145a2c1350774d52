/** Parts of the batch's statements: which rows of the leaf, by what name, and what is done to them; over the alias `t`. */
import { renderExpression } from '#core/analysed-sql';
import { literal, quote, quoteTable } from '#core/identifier';
import {
  type BackfillPlan,
  isTransform,
  type MappedColumn,
  type PlainBackfillPlan,
  type SyncedBackfillPlan,
} from '#core/plan';
import { waitsText } from '../expand/marker.js';
import type { BatchTarget } from './batch.js';

/** What names a row: its key, or where it has none its address with xmin, since an address alone is used again. */
export function rowKey({ primaryKey }: Pick<BatchTarget, 'primaryKey'>): string {
  if (primaryKey.length === 0) return `jsonb_build_object('ctid', t.ctid::text, 'xmin', t.xmin::text)`;
  return `jsonb_build_object(${primaryKey.map((name) => `${literal(name)}, t.${quote(name)}`).join(', ')})`;
}

/** Rows in quarantine, and those that an operator chose to skip, are not tried again. */
export function notQuarantined(target: BatchTarget): string {
  return `not exists (
      select from bellows.quarantine as q
      where q.run_id = ${target.runId}
        and q.backfill = ${target.backfill.index}
        and q.leaf = ${target.leafOid}
        and q.state <> 'retried'
        and q.row_key = ${rowKey(target)}
    )`;
}

export function isPending(backfill: BackfillPlan): string {
  if (isTransform(backfill) && backfill.kind === 'synced') return waitsText(backfill.marker, 't.');
  if (backfill.kind === 'synced') return `t.${quote(backfill.marker)} = 'p'`;
  return `(${renderExpression(backfill.where, overRow)})`;
}

export function isPendingOrRefused(marker: string): string {
  return `t.${quote(marker)} in ('p', 'q')`;
}

export function isRefused(backfill: BackfillPlan): string {
  return backfill.kind === 'synced' ? `t.${quote(backfill.marker)} = 'q'` : 'false';
}

export function change({ leaf, backfill }: BatchTarget): string {
  const table = quoteTable(leaf);
  if (backfill.kind === 'purge') return `delete from ${table} as t`;
  return `update ${table} as t\n  set ${assignments(backfill)}`;
}

/** The announcement `d` is what the sync trigger knows a batch by. */
function assignments(backfill: SyncedBackfillPlan | PlainBackfillPlan): string {
  const columns =
    backfill.kind === 'synced' ? backfill.groups.flatMap((group) => group.forward) : backfill.set;
  const all = columns.map(assignment);
  return [...all, ...(backfill.kind === 'synced' ? [`${quote(backfill.marker)} = 'd'`] : [])].join(',\n    ');
}

function assignment(column: MappedColumn): string {
  return `${quote(column.name)} = (${renderExpression(column.expression, overRow)})`;
}

function overRow(column: string): string {
  return `t.${quote(column)}`;
}
