import type { Leaf } from './leaves.js';
import type { PlannedRange } from './planned-range.js';

/**
 * A range of 8,192 blocks is about two seconds of work: taking a job, claiming its range and finding the batch size again costs
 * up to a tenth of a second each time. Smaller tables get smaller ranges, so that several workers can share them; below 256
 * blocks it is not worth a job. Above 512 ranges a pass gains nothing, planning takes longer, and the ledger's queries slow down.
 */
const MIN_BLOCKS = 256;
const GOOD_BLOCKS = 8_192;
const SHARED_RANGES = 16;
const MAX_RANGES = 512;

/** How large a range of leaves is that have `total` blocks together. */
export function rangeBlocks(total: number): number {
  const shared = Math.min(GOOD_BLOCKS, Math.ceil(total / SHARED_RANGES));
  return Math.max(MIN_BLOCKS, shared, Math.ceil(total / MAX_RANGES));
}

/** Cuts a leaf into ranges of about equal size; an empty one gets one empty range, which stands for having seen it. */
export function splitBlocks(leaf: Leaf, size: number): readonly PlannedRange[] {
  const count = Math.max(1, Math.ceil(leaf.blocks / size));
  return Array.from({ length: count }, (_, i) => {
    const lo = i * size;
    const hi = Math.min((i + 1) * size, leaf.blocks);
    const rowsExpected = leaf.rowsPerBlock === null ? null : leaf.rowsPerBlock * (hi - lo);
    return { leaf, kind: 'blocks', lo, hi, rowsExpected };
  });
}
