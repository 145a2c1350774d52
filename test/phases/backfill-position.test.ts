import { describe, expect, it } from 'vitest';
import type { Span } from '#phases/backfill/access';
import type { ClaimedRange } from '#phases/backfill/claim';
import { paceOf } from '#phases/backfill/pace-settings';
import { afterMoved, nextSpan, type Position, startPosition } from '#phases/backfill/position';
import { STRIDES, shareOf, turnOf } from '#phases/backfill/strides';

it('learns from a stride how many rows a block has, where that was guessed', () => {
  const settings = paceOf({});
  const range = { lo: 0, hi: 10_000, cursor: 0, key: null, pass: 1, rowsPerBlock: null } as ClaimedRange;
  const walk = { range: { ...range, access: { kind: 'blocks' } } as ClaimedRange, strided: true, lanes: 1 };
  const begun = startPosition(range, settings, 100);
  const span = nextSpan(walk, begun);
  expect(span).toMatchObject({ lo: 0, turn: { at: 0, stride: 0, lo: 0, hi: span.hi, last: false } });
  // One part of nineteen of 38 rows in each block.
  const moved = {
    kind: 'moved',
    rows: 2 * (span.hi - span.lo),
    locked: 0,
    suppressed: 0,
    done: false,
  } as const;
  const next = afterMoved(range, begun, span, {
    ...moved,
    rank: 0,
    startedAt: 0,
    milliseconds: 50,
    settings,
  });
  expect(next.rowsPerBlock).toBeCloseTo(38, 5);
  expect(nextSpan(walk, next)).toMatchObject({ lo: 0, hi: span.hi, turn: { at: 1, stride: 1 } });
});

it.each([
  [0, 1000, 3],
  [500, 1267, 2],
  [0, 2, 3],
  [0, 5000, 1],
])('takes each stride of each block from %i to %i once, in %i lanes', (lo, hi, lanes) => {
  const turns = Array.from({ length: STRIDES * lanes }, (_, at) => turnOf(lo, hi, at, lanes));
  expect(turns.map(({ last }) => last)).toEqual(turns.map((_, at) => at === turns.length - 1));
  for (let stride = 0; stride < STRIDES; stride += 1) {
    const taken = turns.filter((turn) => turn.stride === stride);
    expect(taken[0]?.lo).toBe(lo);
    expect(taken.at(-1)?.hi).toBe(hi);
    expect(taken.slice(1).map((turn) => turn.lo)).toEqual(taken.slice(0, -1).map((turn) => turn.hi));
  }
});

describe('a walk in three lanes', () => {
  const range = { lo: 0, hi: 8_192, cursor: 0, key: null, pass: 1 };
  const blocks = { kind: 'blocks' } as const;

  /** All of the range, where a block takes so many milliseconds. */
  function walked(rowsPerBlock: number, msPerBlock: number, settings = paceOf({})) {
    const claimed = { ...range, access: blocks, rowsPerBlock } as unknown as ClaimedRange;
    const walk = { range: claimed, strided: true, lanes: 3 };
    // As a transform's walk has it: what is read at a time is bounded, so it does not grow from its first guess by whole spans.
    let position: Position = { ...startPosition(claimed, settings, null), settled: true };
    const spans: Span[] = [];
    while (position.cursor < range.hi) {
      const span = nextSpan(walk, position);
      const { lo, hi } = span.turn ?? span;
      const taken = (hi - lo) * shareOf(span);
      spans.push(span);
      const none = { locked: 0, suppressed: 0, done: false, rank: 0, startedAt: 0, settings };
      const milliseconds = taken * msPerBlock;
      position = afterMoved(claimed, position, span, {
        kind: 'moved',
        rows: taken * rowsPerBlock,
        milliseconds,
        ...none,
      });
    }
    return { position, spans };
  }

  it.each([9, 27, 60, 80, 130, 226])(
    'finds the size of its batches, with %i rows in a block',
    (rowsPerBlock) => {
      const msPerBlock = rowsPerBlock * 0.006;
      const { position, spans } = walked(rowsPerBlock, msPerBlock);
      // No more than a transform reads at a time.
      const ideal = Math.min(100 / msPerBlock, 5_000 / rowsPerBlock);
      console.log(rowsPerBlock, ideal, range.hi / ideal, spans.length, position.pace.blocks);
      expect(position.pace.blocks).toBeGreaterThan(ideal * 0.4);
      expect(position.pace.blocks).toBeLessThan((2 * 100) / msPerBlock);
      // As many as it takes, and no more than twice that while it grows.
      expect(spans.length).toBeLessThan((1.5 * range.hi) / ideal + 6 * 3 * STRIDES);
      expect(spans.filter(({ turn }) => turn?.lanes === 3).length).toBeGreaterThan(spans.length / 3);
      expect(spans.filter(({ lo, hi }) => hi <= lo)).toEqual([]);
    },
  );

  it('takes no more than the share of a second at a time, and no longer spans, under a cap', () => {
    const { spans } = walked(27, 0.1, paceOf({ rowsPerSecond: 2_000 }));
    const rows = spans.map((span) => {
      const { lo, hi } = span.turn ?? span;
      return (hi - lo) * shareOf(span) * 27;
    });
    expect(Math.max(...rows)).toBeLessThanOrEqual(2_000);
    expect(Math.max(...spans.map(({ lo, hi }) => hi - lo)) * 27).toBeLessThanOrEqual(20_000);
  });
});
