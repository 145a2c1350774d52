import { displayTable, quoteTable } from '#core/identifier';
import type { SyncedBackfillPlan } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
import { waitsText } from '../../expand/marker.js';
import { count, type GateContext } from './check.js';

const COUNT_MS = 5_000;

/**
 * Rows that wait for their transform: counted now, through their index, since a write of an old deploy makes one at any time.
 * Under the lock of the cut they are looked for once more.
 */
export async function waitingRows(
  { database }: GateContext,
  { table, marker }: SyncedBackfillPlan,
): Promise<{ readonly evidence: string; readonly faults: readonly string[] }> {
  const name = displayTable(table);
  const limits = {
    readOnly: true,
    rowSecurity: false,
    statementTimeoutMs: COUNT_MS,
    lockTimeoutMs: COUNT_MS,
  };
  try {
    const [row] = await database.transaction(limits, async (tx) => {
      // The marker has no statistics of these rows: the planner must not guess that they are many, and read the table.
      await tx.query('set local enable_seqscan = off');
      return tx.query<{ rows: number }>(
        `select count(*) as rows from ${quoteTable(table)} where ${waitsText(marker)}`,
      );
    });
    const rows = row?.rows ?? 0;
    const fault = `${name}: ${count(rows, 'row')} wait for the transform: written since by a deploy that does not give the new columns`;
    return { evidence: `${name}: 0 rows wait for the transform`, faults: rows === 0 ? [] : [fault] };
  } catch (error) {
    if (sqlstateOf(error) !== '57014') throw error;
    const fault = `${name}: ${COUNT_MS / 1_000} s were not enough to count the rows that wait for the transform: their index is missing`;
    return { evidence: '', faults: [fault] };
  }
}
