import { expect, it } from 'vitest';
import type { ClaimedRange } from '#phases/backfill/claim';
import { paceOf } from '#phases/backfill/pace-settings';
import { afterMoved, nextSpan, startPosition } from '#phases/backfill/position';
import { STRIDES, turnOf } from '#phases/backfill/strides';

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
  [0, 1000, 3, 3],
  [500, 1267, 3, 2],
  [0, 100, 3, 1],
  [0, 5000, 1, 1],
])(
  'takes each stride of each block from %i to %i once, in lanes: %i wanted, %i had',
  (lo, hi, most, lanes) => {
    const turns = Array.from({ length: STRIDES * lanes }, (_, at) => turnOf(lo, hi, at, most));
    expect(turns.map(({ last }) => last)).toEqual(turns.map((_, at) => at === turns.length - 1));
    for (let stride = 0; stride < STRIDES; stride += 1) {
      const taken = turns.filter((turn) => turn.stride === stride);
      expect(taken[0]?.lo).toBe(lo);
      expect(taken.at(-1)?.hi).toBe(hi);
      expect(taken.slice(1).map((turn) => turn.lo)).toEqual(taken.slice(0, -1).map((turn) => turn.hi));
    }
  },
);
