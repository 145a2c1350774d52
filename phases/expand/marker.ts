import { literal, quote, quoteTable, type TableName } from '#core/identifier';
import type { Action, SyncedBackfillPlan } from '#core/plan';

/**
 * Who wrote a row's new side. With several groups of mappings it is the strongest of what happened to any of them:
 * q, b, r, f, d in this order. So it is evidence only; values are verified by value.
 */
export const MARKER = {
  pending: 'p',
  backfilled: 'd',
  fromOld: 'f',
  fromNew: 'r',
  both: 'b',
  refused: 'q',
  /** Of a transform alone: the source changed since, so what it gave is not what it would give now. */
  stale: 's',
} as const;

/** SQL: the row waits for its transform. The index of these rows has the same words. */
export function waitsText(marker: string, row = ''): string {
  return `${row}${quote(marker)} in ('${MARKER.pending}', '${MARKER.stale}')`;
}

/**
 * What Bellows writes to make the trigger store another letter. No row ever holds these, so an application that writes
 * back a row as it once read it cannot announce anything. The batch alone writes the plain `d` over a `p`.
 */
export const ANNOUNCE = {
  /** The batch could not transform the row: stored as `q`. */
  refused: 'Q',
  /** A retry or a repair returns the row to the sweep: stored as `p`. */
  pending: 'P',
  /** An operator vouches for a row that the mapping refuses: stored as `b`, the application's own from then on. */
  vouched: 'B',
} as const;

/**
 * The marker column: NOT NULL, because a CHECK passes NULL; with a constant default, because PostgreSQL then keeps the
 * value in the catalogue and rewrites nothing.
 */
export function markerActions(plan: SyncedBackfillPlan): readonly Action[] {
  const table = quoteTable(plan.table);
  const marker = quote(plan.marker);
  return [
    {
      title: `Add the marker column ${marker} to ${table}`,
      form: 'add column',
      sql: `alter table ${table}\n  add column ${marker} pg_catalog."char" not null default '${MARKER.pending}'`,
      probe: markerProbe(plan.table, plan.marker),
      undo: `alter table ${table}\n  drop column ${marker}`,
    },
  ];
}

export function dropMarkerActions(plan: SyncedBackfillPlan): readonly Action[] {
  const table = quoteTable(plan.table);
  return [
    {
      title: `Drop the marker column ${quote(plan.marker)} of ${table}`,
      form: 'drop column',
      sql: `alter table ${table}\n  drop column ${quote(plan.marker)}`,
      probe: `select not (${markerProbe(plan.table, plan.marker)})`,
      undo: null,
    },
  ];
}

function markerProbe(table: TableName, marker: string): string {
  return [
    'select exists (',
    '  select from pg_catalog.pg_attribute a',
    '  join pg_catalog.pg_class c on c.oid = a.attrelid',
    '  join pg_catalog.pg_namespace n on n.oid = c.relnamespace',
    `  where n.nspname = ${literal(table.schema)}`,
    `  and c.relname = ${literal(table.name)}`,
    `  and a.attname = ${literal(marker)}`,
    '  and not a.attisdropped',
    ')',
  ].join('\n');
}
