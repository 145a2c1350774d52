/**
 * How a batch finds its rows in a leaf. Positions are numbers whatever the way: heap blocks where blocks are walked, rows
 * elsewhere. So pace, cuts and ledger are the same for all.
 */
import { quote } from '#core/identifier';

/** A column of a key, with its type as `format_type` prints it. */
export interface KeyColumn {
  readonly name: string;
  readonly type: string;
}

/** A key's values as text, one for each column. */
export type Key = readonly string[];

export type Access =
  /** Heap blocks, read by TID range scans. */
  | { readonly kind: 'blocks' }
  /** Down the index of a key, from below `from` to `to`, which is included; null: no bound. */
  | {
      readonly kind: 'keys';
      readonly columns: readonly KeyColumn[];
      readonly from: Key | null;
      readonly to: Key | null;
    }
  /** Rows that an index gave when the range was planned; the first of them stands at the range's `lo`. */
  | { readonly kind: 'picked'; readonly tids: readonly string[] };

export interface KeySpan {
  readonly from: Key | null;
  readonly to: Key | null;
}

/** From `lo` to before `hi`; where keys are walked these only count, and `keys` says which rows. */
export interface Span {
  readonly lo: number;
  readonly hi: number;
  readonly keys?: KeySpan;
  /** Only the rows of this turn; the cursor moves with the last one. Without it: all rows. */
  readonly turn?: Turn;
}

/** One statement of a span that is walked in strides: the rows of `stride` in the blocks from `lo` to before `hi`. */
export interface Turn {
  /** Which of the span's turns, from 0 on: its lanes one after the other, then the next stride of each. */
  readonly at: number;
  readonly lanes: number;
  readonly stride: number;
  readonly lo: number;
  readonly hi: number;
  readonly last: boolean;
}

/** The rows of a span over the alias `t`; its values are parameters from `first` on, see `spanValues`. */
export function spanText(access: Access, first: number): string {
  switch (access.kind) {
    case 'blocks':
      return `t.ctid >= $${first}::tid\n    and t.ctid < $${first + 1}::tid`;
    case 'keys':
      return keySpanText(access.columns, first);
    case 'picked':
      return `t.ctid = any ($${first}::tid[])`;
  }
}

/** Statements are unnamed, so each is planned with its values: a bound that is not there costs nothing. */
export function keySpanText(columns: readonly KeyColumn[], first: number): string {
  const bound = (sign: string, parameter: number) =>
    `($${parameter}::text[] is null or ${keyRow(columns)} ${sign} ${keyValue(columns, parameter)})`;
  return `${bound('<', first)}\n    and ${bound('>=', first + 1)}`;
}

/** @param at where the range that the rows are from begins. */
export function spanValues(access: Access, at: number, span: Span): readonly unknown[] {
  switch (access.kind) {
    case 'blocks':
      return [tid(span.lo), tid(span.hi)];
    case 'keys':
      return [span.keys?.from ?? null, span.keys?.to ?? null];
    case 'picked':
      return [access.tids.slice(span.lo - at, span.hi - at)];
  }
}

export function keyRow(columns: readonly KeyColumn[]): string {
  return `(${columns.map(({ name }) => `t.${quote(name)}`).join(', ')})`;
}

function keyValue(columns: readonly KeyColumn[], parameter: number): string {
  return `(${columns.map(({ type }, i) => `($${parameter}::text[])[${i + 1}]::${type}`).join(', ')})`;
}

/** SQL of the key as `Key`. */
export function keyText(columns: readonly KeyColumn[]): string {
  return `array[${columns.map(({ name }) => `t.${quote(name)}::text`).join(', ')}]`;
}

export function newestFirst(columns: readonly KeyColumn[]): string {
  return columns.map(({ name }) => `t.${quote(name)} desc`).join(', ');
}

/** The first possible tuple id of a block; item 0 is never used. */
export function tid(block: number): string {
  return `(${block},0)`;
}
