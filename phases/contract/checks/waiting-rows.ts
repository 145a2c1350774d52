import { displayTable } from '#core/identifier';
import type { SyncedBackfillPlan } from '#core/plan';
import { waitsText } from '../../expand/marker.js';
import { count, type GateContext } from './check.js';
import { COUNT_SECONDS, countMarked } from './count-marked.js';

/**
 * Rows that wait for their transform: counted now, since a write of an old deploy makes one at any time. Under the lock of
 * the cut they are looked for once more.
 */
export async function waitingRows(
  context: GateContext,
  { table, marker }: SyncedBackfillPlan,
): Promise<{ readonly evidence: string; readonly faults: readonly string[] }> {
  const name = displayTable(table);
  const rows = await countMarked(context, table, waitsText(marker));
  if (rows === null) {
    const fault = `${name}: ${COUNT_SECONDS} s were not enough to count the rows that wait for the transform: their index is missing`;
    return { evidence: '', faults: [fault] };
  }
  const fault = `${name}: ${count(rows, 'row')} wait for the transform: written since by a deploy that does not give the new columns`;
  return { evidence: `${name}: 0 rows wait for the transform`, faults: rows === 0 ? [] : [fault] };
}
