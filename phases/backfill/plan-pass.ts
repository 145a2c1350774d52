/** Which ranges a pass over some leaves gets. */
import { type BackfillPlan, isCopy } from '#core/plan';
import type { Database } from '#ports';
import { rangeBlocks, splitBlocks } from './block-ranges.js';
import { keyRanges } from './key-ranges.js';
import type { Leaf } from './leaves.js';
import { pickedRanges } from './picked-ranges.js';
import type { PlannedRange } from './planned-range.js';

/** The pass behind the walk. */
export const FIRST_SWEEP = 2;

/**
 * Blocks, where nothing speaks against them: they cost no look into the table, and a key in random order would touch the
 * whole table for each range. Keys, where an order was asked for, or where the leaf is kept by another access method than
 * `heap`, which knows nothing of ranges of blocks. Rows that an index gives, where they are few. A sweep needs no order.
 */
export async function rangesOf(
  database: Database,
  backfill: BackfillPlan,
  pass: number,
  leaves: readonly Leaf[],
): Promise<readonly PlannedRange[]> {
  const size = rangeBlocks(leaves.reduce((sum, leaf) => sum + leaf.blocks, 0));
  const ordered = backfill.order === 'newest first' && pass === 1;
  // Partitions by time are made in its order.
  const sorted = ordered ? [...leaves].sort((a, b) => b.oid - a.oid) : leaves;
  const way = { ordered, picking: mayPick(backfill, pass), size };
  const ranges: PlannedRange[] = [];
  for (const leaf of sorted) ranges.push(...(await ofLeaf(database, backfill, leaf, way)));
  return ranges;
}

/**
 * A row that is updated between its picking and its batch is missed. Of a copy one that is updated all the time could be missed by
 * any sweep, since its own updates copy nothing where they change nothing that is copied: in its block it is found.
 */
function mayPick(backfill: BackfillPlan, pass: number): boolean {
  return !isCopy(backfill) || pass <= FIRST_SWEEP;
}

async function ofLeaf(
  database: Database,
  backfill: BackfillPlan,
  leaf: Leaf,
  { ordered, picking, size }: { readonly ordered: boolean; readonly picking: boolean; readonly size: number },
): Promise<readonly PlannedRange[]> {
  const blocks = splitBlocks(leaf, size);
  if (leaf.blocks === 0) return blocks;
  const keys = ordered || !leaf.heap ? await keyRanges(database, leaf, blocks.length) : null;
  return keys ?? (picking ? await pickedRanges(database, backfill, leaf) : null) ?? blocks;
}
