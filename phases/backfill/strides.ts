/**
 * A span of blocks is walked in strides: each statement takes a part of its rows, by a hash of their address, so some of every
 * block. What the first stride moves leaves its old versions behind; by the next one they are dead, the scan prunes them
 * (heap_page_prune_opt, on a page without room), and the new versions of that stride fit into the same block. Such an update is
 * heap-only (HOT): no index is written, and the table hardly grows. One statement over the whole span never finds that
 * room, because all of its old versions are still visible to it.
 *
 * Measured on rows of 300 bytes with a key and one more index: 0.71 of the processor time, and 72 % of the updates are heap-only. Where
 * something holds back the horizon nothing is pruned: then the scans make it 1.3 of the time, until the signal `vacuum_horizon` holds.
 */
import { quoteTable, type TableName } from '#core/identifier';
import type { Session } from '#ports';
import type { Span } from './access.js';

/**
 * Of 64 parts of the rows, how many each stride takes. The first find no room yet, and an update that writes indexes takes about
 * twice as long: so they take fewer, and all strides take about as long.
 *
 * Measured, with strides of one size: 4, 8 and 16 take 0.70, 0.65 and 0.70 of the time of one statement, and let the heap grow
 * by 0.45, 0.31 and 0.23.
 */
const PARTS = [3, 4, 6, 6, 7, 7, 7, 8, 8, 8] as const;
const ALL_PARTS = 64;

export const STRIDES = PARTS.length;

/** No stride takes more than one in so many rows: a span may be as many times as large as what one statement moves. */
export const SPAN_FACTOR = 8;

/** Heap blocks: a range below that is not worth so many statements. */
const LEAST_BLOCKS = 64;

/** The rows of a stride; `strideValues` are parameters from `first` on. What an address hashes to does not matter, if it stays the same. */
export function strideText(first: number): string {
  return `pg_catalog.hashtid(t.ctid) & ${ALL_PARTS - 1} between $${first}::integer and $${first + 1}::integer`;
}

export function strideValues(stride: number): readonly [first: number, last: number] {
  const from = PARTS.slice(0, stride).reduce<number>((sum, parts) => sum + parts, 0);
  return [from, from + (PARTS[stride] ?? 0) - 1];
}

/** The share of the rows that a statement over the span takes. */
export function shareOf({ stride }: Span): number {
  return stride === undefined ? 1 : (PARTS[stride] ?? 0) / ALL_PARTS;
}

/** Further strides of the span follow, so the cursor stays. */
export function isInside({ stride }: Span): boolean {
  return stride !== undefined && stride < STRIDES - 1;
}

/** Whether strides bring anything: HOT is possible, and the range is large enough. */
export async function mayStride(
  session: Session,
  { leaf, lo, hi }: { readonly leaf: TableName; readonly lo: number; readonly hi: number },
  written: readonly string[],
): Promise<boolean> {
  if (hi - lo < LEAST_BLOCKS) return false;
  return (await session.query(INDEXES_ON, [quoteTable(leaf), written])).length === 0;
}

/**
 * Indexes that have a written column in their key, their expressions or their condition. They rule HOT out
 * (README.HOT in the source of PostgreSQL), and the strides would only cost scans.
 */
const INDEXES_ON = `
select
from pg_index i
join pg_attribute a on a.attrelid = i.indrelid
where i.indrelid = $1::regclass
  and a.attname = any ($2)
  and (
    a.attnum = any (i.indkey::int2[])
    or exists (
      select
      from pg_depend d
      where d.classid = 'pg_class'::regclass
        and d.objid = i.indexrelid
        and d.refclassid = 'pg_class'::regclass
        and d.refobjid = i.indrelid
        and d.refobjsubid = a.attnum
    )
  )
limit 1`;
