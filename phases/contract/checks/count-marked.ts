import { quoteTable, type TableName } from '#core/identifier';
import { sqlstateOf } from '#core/sqlstate';
import type { GateContext } from './check.js';

const COUNT_MS = 5_000;
export const COUNT_SECONDS = COUNT_MS / 1_000;

/**
 * Rows by what their marker says, through a partial index that was built while settling. Without it this would read the
 * whole table, hence the bound.
 *
 * @param marked SQL, the condition of that index
 * @returns null where they could not be counted in time
 */
export async function countMarked(
  { database }: GateContext,
  table: TableName,
  marked: string,
): Promise<number | null> {
  const limits = {
    readOnly: true,
    rowSecurity: false,
    statementTimeoutMs: COUNT_MS,
    lockTimeoutMs: COUNT_MS,
  };
  try {
    const [row] = await database.transaction(limits, async (tx) => {
      // The marker has no statistics: the planner must not guess that these rows are many, and read them all.
      await tx.query('set local enable_seqscan = off');
      return tx.query<{ rows: number }>(`select count(*) as rows from ${quoteTable(table)} where ${marked}`);
    });
    return row?.rows ?? 0;
  } catch (error) {
    if (sqlstateOf(error) === '57014') return null;
    throw error;
  }
}
