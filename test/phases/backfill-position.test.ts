import { expect, it } from 'vitest';
import type { ClaimedRange } from '#phases/backfill/claim';
import { paceOf } from '#phases/backfill/pace-settings';
import { afterMoved, nextSpan, startPosition } from '#phases/backfill/position';

it('learns from a stride how many rows a block has, where that was guessed', () => {
  const settings = paceOf({});
  const range = { lo: 0, hi: 10_000, cursor: 0, key: null, pass: 1, rowsPerBlock: null } as ClaimedRange;
  const walk = { range: { ...range, access: { kind: 'blocks' } } as ClaimedRange, strided: true };
  const begun = startPosition(range, settings, 100);
  const span = nextSpan(walk, begun);
  expect(span).toMatchObject({ lo: 0, stride: 0 });
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
  expect(nextSpan(walk, next)).toEqual({ lo: 0, hi: span.hi, stride: 1 });
});
