/** Parts of the batch's statements: which rows of the leaf, by what name, and what is done to them; over the alias `t`. */
import { renderExpression } from '#core/analysed-sql';
import { literal, quote, quoteTable, sameTable } from '#core/identifier';
import {
  type BackfillPlan,
  isCopy,
  isTransform,
  type MappedColumn,
  type PlainBackfillPlan,
  type SyncedBackfillPlan,
} from '#core/plan';
import { belongs, isCopied, sourceKey, waitingKey } from '../expand/copied-row.js';
import { waitsText } from '../expand/marker.js';
import type { BatchTarget } from './batch.js';

/** What names a row: its key, or where it has none its address with xmin, since an address alone is used again. */
export function rowKey({ primaryKey }: Pick<BatchTarget, 'primaryKey'>): string {
  if (primaryKey.length === 0) return `jsonb_build_object('ctid', t.ctid::text, 'xmin', t.xmin::text)`;
  return `jsonb_build_object(${primaryKey.map((name) => `${literal(name)}, t.${quote(name)}`).join(', ')})`;
}

/** A row that is copied is known by the key of its copy, also where it is only a key that waits. */
export function keyOf(target: BatchTarget): string {
  const { backfill } = target;
  if (!isCopy(backfill)) return rowKey(target);
  return isOfWaiting(target) ? waitingKey(backfill, 't') : sourceKey(backfill, 't');
}

/** The leaf is the table of the keys that wait. */
export function isOfWaiting({ backfill, leaf }: Pick<BatchTarget, 'backfill' | 'leaf'>): boolean {
  return isCopy(backfill) && sameTable(leaf, backfill.waiting);
}

/** Rows in quarantine, and those that an operator chose to skip, are not tried again. The key of a copy is that of its table. */
export function notQuarantined(target: BatchTarget): string {
  const leaf = isCopy(target.backfill) ? '' : `\n        and q.leaf = ${target.leafOid}`;
  return `not exists (
      select from bellows.quarantine as q
      where q.run_id = ${target.runId}
        and q.backfill = ${target.backfill.index}${leaf}
        and q.state <> 'retried'
        and q.row_key = ${keyOf(target)}
    )`;
}

/**
 * Of a copy: the row is to be in the target and is not. OFFSET keeps the planner from making a join of it, which could read
 * the whole target for the rows of one batch.
 */
export function isPending(target: Pick<BatchTarget, 'backfill' | 'leaf'>): string {
  const { backfill } = target;
  if (isOfWaiting(target)) return 't.key_1 is not null';
  if (isCopy(backfill)) {
    const there = `select from ${quoteTable(backfill.target)} as x where ${belongs(backfill, 'x', 't')} offset 0`;
    return `${isCopied(backfill, 't')}\n    and not exists (${there})`;
  }
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

/** Of a copy there is none: its rows stay as they are. */
export function change({ leaf, backfill }: BatchTarget): string {
  const table = quoteTable(leaf);
  if (isCopy(backfill)) return '';
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
