import type { Access, Key, KeyColumn } from './access.js';
import type { Leaf } from './leaves.js';

/** A range as a row of `bellows.ranges` will hold it. */
export interface PlannedRange {
  readonly leaf: Leaf;
  readonly kind: Access['kind'];
  /** Blocks; elsewhere rows, as many as are expected. Equal: there is nothing to do. */
  readonly lo: number;
  readonly hi: number;
  /** Null where the leaf was never analysed. */
  readonly rowsExpected: number | null;
  readonly keyColumns?: readonly KeyColumn[];
  readonly keyFrom?: Key | null;
  readonly keyTo?: Key | null;
  readonly tids?: readonly string[];
}
