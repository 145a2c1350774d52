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
import { isInside, SPAN_FACTOR, shareOf, turnOf } from './strides.js';

export interface Position {
  readonly cursor: number;
  /** Where keys are walked: the next batch begins below it; null: at the top. */
  readonly key: Key | null;
  /** Blocks for a statement that takes all their rows. */
  readonly pace: Pace;
  /** It is done with growing from a first guess, batch by batch: a span in strides needs a size that lasts. */
  readonly settled: boolean;
  /** The span that is walked in strides, and the next of its turns; null: none is begun. */
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
  const inTurn = (hi: number, at: number): Span => ({ lo: cursor, hi, turn: turnOf(cursor, hi, at, lanes) });
  if (striding !== null) return inTurn(striding.hi, striding.next);
  const begins = strided && mayBegin(position);
  const blocks =
    Math.min(pace.blocks, maxBlocks(settings, rowsPerBlock)) * (begins ? SPAN_FACTOR * lanes : 1);
  const end = range.access.kind === 'keys' ? Number.POSITIVE_INFINITY : range.hi;
  const span = { lo: cursor, hi: Math.min(end, position.bounds.at(-1) ?? end, cursor + blocks) };
  return begins ? inTurn(span.hi, 0) : span;
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
  const { hi, turn } = span;
  const inside = { cursor, key, careful };
  if (pace.blocks < sizeOf(span) / 2) return { ...inside, bounds: [...bounds, hi] };
  return { ...inside, striding: { hi, next: (turn?.at ?? 0) + 1 } };
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
