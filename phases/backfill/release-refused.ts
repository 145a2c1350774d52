import type { ServerFacts } from '#core/catalogue-facts';
import { quote, quoteTable } from '#core/identifier';
import type { SyncedBackfillPlan } from '#core/plan';
import type { Database, RunRow } from '#ports';
import { ANNOUNCE, MARKER } from '../expand/marker.js';
import { batchLimits } from './limits.js';
import { troubleOf } from './trouble.js';

const ROWS = 500;

/**
 * Gives back the rows that are marked as refused and that no entry leads to any more: an entry knows a row by its key, or by its
 * address where it has none, and both may have changed when the row was corrected. For when no entry is open.
 *
 * Found by the partial index of refused rows, which is built while settling; before that a statement may end at its time limit, without
 * harm, and the gate then asks for another retry.
 */
export async function releaseRefused(
  deps: { readonly database: Database; readonly server: ServerFacts },
  run: RunRow,
): Promise<void> {
  for (const backfill of run.plan.backfills) {
    if (backfill.kind === 'synced') while ((await releaseSome(deps, backfill)) === ROWS);
  }
}

async function releaseSome(
  { database, server }: { readonly database: Database; readonly server: ServerFacts },
  { table, marker, triggers }: SyncedBackfillPlan,
): Promise<number> {
  const [root, letter] = [quoteTable(table), quote(marker)];
  try {
    return await database.transaction(batchLimits(server, triggers), async (tx) => {
      // The marker has no statistics: the planner must not guess that these rows are many, and read them all.
      await tx.query('set local enable_seqscan = off');
      const rows = await tx.query(
        `update ${root} as t
        set ${letter} = '${ANNOUNCE.pending}'
        from (
          select tableoid, ctid from ${root} where ${letter} = '${MARKER.refused}' limit ${ROWS} for no key update skip locked
        ) as r
        where t.tableoid = r.tableoid
          and t.ctid = r.ctid
        returning 1`,
      );
      return rows.length;
    });
  } catch (error) {
    if (['timeout', 'locked'].includes(troubleOf(error).kind)) return 0;
    throw error;
  }
}
