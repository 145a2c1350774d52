/** Where a walk stands between two batches, and how it goes on after each outcome. Pure. */
import {
  afterBatch,
  afterTimeout,
  DEFAULT_LIMITS,
  GROWTH,
  OVER,
  type Pace,
  type PaceLimits,
  startPace,
} from '#core/pace';
import type { PaceSettings } from '#ports';
import type { Key, Span } from './access.js';
import type { ClaimedRange } from './claim.js';
import { FIRST_SWEEP } from './plan-pass.js';
import { afterRows, GUESSED_ROWS_PER_BLOCK, maxBlocks, type Rate, rested, START_RATE } from './rate.js';
import type { Moved, Walk } from './send.js';
import { isInside, lanesFor, SPAN_FACTOR, shareOf, turnOf } from './strides.js';

export interface Position {
  readonly cursor: number;
  /** Where keys are walked: the next batch begins below it; null: at the top. */
  readonly key: Key | null;
  /** Blocks for a statement that takes all their rows. */
  readonly pace: Pace;
  /** It is done with growing from a first guess, batch by batch: a span in strides needs a size that lasts. */
  readonly settled: boolean;
  /** The span that is walked in strides, and the next of its turns; null: none is begun. */
  readonly striding: Striding | null;
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

export interface Striding {
  readonly hi: number;
  readonly lanes: number;
  readonly next: number;
}

const FIRST_ROWS = 1_000;

export type Walked = Pick<Walk, 'range' | 'strided' | 'lanes'>;

/** @param lastBlocks size of this pass' newest batch in the ledger, null where it has none. */
export function startPosition(
  range: ClaimedRange,
  settings: PaceSettings,
  lastBlocks: number | null,
): Position {
  const guess = FIRST_ROWS / Math.max(1, range.rowsPerBlock ?? GUESSED_ROWS_PER_BLOCK);
  return {
    cursor: range.cursor,
    key: range.key,
    pace: startPace(lastBlocks ?? guess, paceLimits(settings)),
    settled: lastBlocks !== null,
    striding: null,
    bounds: [],
    careful: isSweep(range),
    attempts: 0,
    rate: START_RATE,
    settings,
    rowsPerBlock: range.rowsPerBlock,
  };
}

export function nextSpan({ range, strided, lanes }: Walked, position: Position): Span {
  const { cursor, pace, settings, rowsPerBlock, striding } = position;
  if (striding !== null) return inTurn(cursor, striding);
  const most = maxBlocks(settings, rowsPerBlock);
  if (!strided || !mayBegin(position)) {
    const end = range.access.kind === 'keys' ? Number.POSITIVE_INFINITY : range.hi;
    const blocks = Math.min(pace.blocks, most);
    return { lo: cursor, hi: Math.min(end, position.bounds.at(-1) ?? end, cursor + blocks) };
  }
  // Under a cap the turns are smaller instead of the span longer: it should not outlast the job by much.
  const wanted = Math.min(lanes, most);
  const largest = Math.min(pace.blocks, Math.floor(most / wanted)) * SPAN_FACTOR;
  const hi = Math.min(range.hi, cursor + largest * wanted);
  const rows = rowsPerBlock ?? GUESSED_ROWS_PER_BLOCK;
  return inTurn(cursor, {
    hi,
    lanes: lanesFor(hi - cursor, { wanted, largest, rowsPerBlock: rows }),
    next: 0,
  });
}

function inTurn(lo: number, { hi, lanes, next }: Striding): Span {
  return { lo, hi, turn: turnOf(lo, hi, next, lanes) };
}

/** After a turn of a span; null: not in strides. */
export function strideAfter({ hi, turn }: Span): Striding | null {
  return turn === undefined ? null : { hi, lanes: turn.lanes, next: turn.at + 1 };
}

/** What failed is walked in one statement, and a small one. */
function mayBegin({ settled, bounds, attempts }: Position): boolean {
  return settled && bounds.length === 0 && attempts === 0;
}

export function afterMoved(range: ClaimedRange, position: Position, span: Span, moved: Moved): Position {
  const { settings, rows, startedAt, milliseconds } = moved;
  const { lo, hi } = span.turn ?? span;
  const pace = paceAfter(position.pace, sizeOf(span), moved);
  const next: Position = {
    cursor: span.hi,
    key: span.keys?.to ?? null,
    pace,
    settled:
      position.settled || (pace !== position.pace && pace.blocks < Math.floor(position.pace.blocks * GROWTH)),
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
    rowsPerBlock: rows > 0 ? rows / ((hi - lo) * shareOf(span)) : position.rowsPerBlock,
  };
  return isInside(span) ? { ...next, ...insideSpan(position, span, pace) } : next;
}

/**
 * A batch that was cut short, by the end of the range or by a bound, says nothing about the full size, unless it is too large
 * already; nor do strides whose span was cut by a size that is given up by now.
 */
function paceAfter(pace: Pace, size: number, { milliseconds, settings }: Moved): Pace {
  const tells = size === pace.blocks || (size < pace.blocks && milliseconds > OVER * settings.targetMs);
  return tells ? afterBatch({ ...pace, blocks: size }, milliseconds, paceLimits(settings)) : pace;
}

/** Blocks for a statement that takes all their rows, as in a pace. */
export function sizeOf(span: Span): number {
  const { lo, hi } = span.turn ?? span;
  return Math.max(1, Math.floor((hi - lo) / (span.turn === undefined ? 1 : SPAN_FACTOR)));
}

/** What is left of a span that turned out far too large is walked in statements of the new size. */
function insideSpan({ cursor, key, careful, bounds }: Position, span: Span, pace: Pace): Partial<Position> {
  const inside = { cursor, key, careful };
  if (pace.blocks < sizeOf(span) / 2) return { ...inside, bounds: [...bounds, span.hi] };
  return { ...inside, striding: strideAfter(span) };
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
