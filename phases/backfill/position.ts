/** Where a walk stands between two batches, and how it goes on after each outcome. Pure. */
import { afterBatch, afterTimeout, DEFAULT_LIMITS, type Pace, type PaceLimits, startPace } from '#core/pace';
import type { PaceSettings } from '#ports';
import type { Key, Span } from './access.js';
import type { ClaimedRange } from './claim.js';
import { FIRST_SWEEP } from './ranges.js';
import { afterRows, GUESSED_ROWS_PER_BLOCK, maxBlocks, type Rate, rested, START_RATE } from './rate.js';
import type { Moved, Walk } from './send.js';
import { isInside } from './strides.js';

export interface Position {
  readonly cursor: number;
  /** Where keys are walked: the next batch begins below it; null: at the top. */
  readonly key: Key | null;
  /** Blocks for a statement: where spans are walked in strides, those of a whole span. */
  readonly pace: Pace;
  /** The span that is walked in strides, and the next of them; null: none is begun. */
  readonly striding: { readonly hi: number; readonly next: number } | null;
  /** Ends of the parts that a failed batch was cut into, nearest last; empty where nothing failed. */
  readonly bounds: readonly number[];
  /** Rows are picked with SKIP LOCKED. */
  readonly careful: boolean;
  /** Failures in a row that made no progress. */
  readonly attempts: number;
  readonly rate: Rate;
  readonly settings: PaceSettings;
  readonly rowsPerBlock: number | null;
}

const FIRST_ROWS = 1_000;

export type Walked = Pick<Walk, 'range' | 'strides'>;

/** @param lastBlocks size of this pass' newest batch in the ledger, null where it has none. */
export function startPosition(
  { range, strides }: Walked,
  settings: PaceSettings,
  lastBlocks: number | null,
): Position {
  const guess = (strides * FIRST_ROWS) / Math.max(1, range.rowsPerBlock ?? GUESSED_ROWS_PER_BLOCK);
  return {
    cursor: range.cursor,
    key: range.key,
    pace: startPace(lastBlocks ?? guess, paceLimits(settings)),
    striding: null,
    bounds: [],
    careful: isSweep(range),
    attempts: 0,
    rate: START_RATE,
    settings,
    rowsPerBlock: range.rowsPerBlock,
  };
}

export function nextSpan({ range, strides }: Walked, position: Position): Span {
  const { cursor, pace, settings, rowsPerBlock, striding } = position;
  if (striding !== null) return ofStride(strides, { lo: cursor, hi: striding.hi }, striding.next);
  const share = mayStride(position) ? strides : 1;
  const blocks = Math.max(1, Math.floor((pace.blocks * share) / strides));
  const most = share * maxBlocks(settings, rowsPerBlock);
  const end = range.access.kind === 'keys' ? Number.POSITIVE_INFINITY : range.hi;
  const hi = Math.min(end, position.bounds.at(-1) ?? end, cursor + Math.min(blocks, most));
  return ofStride(share, { lo: cursor, hi }, 0);
}

/** What failed is walked in one statement, and a small one. */
function mayStride({ bounds, attempts }: Position): boolean {
  return bounds.length === 0 && attempts === 0;
}

function ofStride(strides: number, span: Span, stride: number): Span {
  return strides > 1 ? { ...span, stride } : span;
}

export function afterMoved(
  { range, strides }: Walked,
  position: Position,
  span: Span,
  moved: Moved,
): Position {
  const { settings, rows, startedAt, milliseconds } = moved;
  const blocks = span.hi - span.lo;
  // A batch that was cut short, by the end of the range or by a bound, says nothing about the full size.
  const full = blocks >= position.pace.blocks;
  const pace = full ? afterBatch(position.pace, milliseconds, paceLimits(settings)) : position.pace;
  const share = position.striding !== null || mayStride(position) ? strides : 1;
  const next: Position = {
    cursor: span.hi,
    key: span.keys?.to ?? null,
    pace,
    striding: null,
    bounds: position.bounds.filter((bound) => bound > span.hi),
    careful: isSweep(range),
    attempts: 0,
    rate: rested(
      afterRows(position.rate, rows, startedAt, settings),
      startedAt,
      milliseconds,
      settings.rest ?? 0,
    ),
    settings,
    rowsPerBlock: rows > 0 ? (share * rows) / blocks : position.rowsPerBlock,
  };
  return isInside(span) ? { ...next, ...insideSpan(position, span, pace) } : next;
}

/** A span that turned out too large is cut anew: what its strides have moved so far is found done. */
function insideSpan(
  position: Position,
  { hi, stride = 0 }: Span,
  { blocks }: Pace,
): Pick<Position, 'cursor' | 'key' | 'careful' | 'striding'> {
  const { cursor, key, careful } = position;
  return { cursor, key, careful, striding: blocks < hi - cursor ? null : { hi, next: stride + 1 } };
}

/** The block, or the row, at the cursor was done row by row. */
export function afterUnit(range: ClaimedRange, position: Position, span: Span): Position {
  const bounds = position.bounds.filter((bound) => bound > span.hi);
  const key = span.keys?.to ?? null;
  return { ...position, cursor: span.hi, key, striding: null, bounds, careful: isSweep(range), attempts: 0 };
}

/** Null: it is a single block or row and cannot be cut. */
export function cut(position: Position, span: Span): Position | null {
  if (span.hi - span.lo <= 1) return null;
  const middle = span.lo + Math.floor((span.hi - span.lo) / 2);
  const ends = position.bounds.at(-1) === span.hi ? [middle] : [span.hi, middle];
  return { ...position, striding: null, bounds: [...position.bounds, ...ends], attempts: 0 };
}

export function slower(position: Position): Position {
  return { ...position, pace: afterTimeout(position.pace, paceLimits(position.settings)) };
}

/** Read back from the range after a refused fence or a lost connection: it may also have gone back. */
export function movedTo(position: Position, cursor: number, key: Key | null): Position {
  return { ...position, cursor, key, striding: null, bounds: [], attempts: position.attempts + 1 };
}

function paceLimits(settings: PaceSettings): PaceLimits {
  return { ...DEFAULT_LIMITS, targetMs: settings.targetMs };
}

function isSweep(range: ClaimedRange): boolean {
  return range.pass >= FIRST_SWEEP;
}
