import { type Finding, fail, pass, unknown } from '#core/gate';
import { displayTable, quote, quoteTable } from '#core/identifier';
import type { SyncedBackfillPlan } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
import { count, type GateCheck, type GateContext, NO_BACKFILL, syncedBackfills } from './check.js';

const COUNT_MS = 5_000;

/** No row is in quarantine: neither by an open entry, nor by the marker that the sync trigger or the batch wrote. */
export const quarantine: GateCheck = {
  id: 'quarantine',
  evaluate: async (context) => {
    const { database, run } = context;
    if (run.plan.backfills.length === 0) return NO_BACKFILL;
    const [row] = await database.query<{ entries: number }>(
      `select count(*) as entries from bellows.quarantine where run_id = $1 and state = 'open'`,
      [run.id],
    );
    const entries = row?.entries ?? 0;
    const marked = await Promise.all(syncedBackfills(context).map((b) => countMarked(context, b)));
    return judge(context, entries, marked);
  },
};

interface Marked {
  readonly table: string;
  /** Null where they could not be counted in time. */
  readonly rows: number | null;
}

function judge({ run }: GateContext, entries: number, marked: readonly Marked[]): Finding {
  const evidence = [
    count(entries, 'open entry', 'open entries'),
    ...marked.map(
      ({ table, rows }) =>
        `${table}: ${rows === null ? 'not counted' : count(rows, 'row')} marked as refused`,
    ),
  ].join('; ');
  if (entries > 0 || marked.some(({ rows }) => rows !== null && rows > 0)) {
    return fail(
      evidence,
      `bellows quarantine list ${run.migration}; correct the rows, then bellows quarantine retry ${run.migration}`,
    );
  }
  if (marked.some(({ rows }) => rows === null)) {
    return unknown(
      `${evidence} (the count took over ${COUNT_MS / 1_000} s: its partial index is missing)`,
      `bellows gate ${run.migration}: the check indexes names the index that is to be built again`,
    );
  }
  return pass(evidence);
}

/** Through the partial index that was built while settling. Without it this would read the whole table, hence the bound. */
async function countMarked({ database }: GateContext, backfill: SyncedBackfillPlan): Promise<Marked> {
  const table = displayTable(backfill.table);
  const limits = {
    readOnly: true,
    rowSecurity: false,
    statementTimeoutMs: COUNT_MS,
    lockTimeoutMs: COUNT_MS,
  };
  try {
    const [row] = await database.transaction(limits, async (tx) => {
      // The marker has no statistics: the planner must not guess that many rows are refused, and read them all.
      await tx.query('set local enable_seqscan = off');
      return tx.query<{ rows: number }>(
        `select count(*) as rows from ${quoteTable(backfill.table)} where ${quote(backfill.marker)} = 'q'`,
      );
    });
    return { table, rows: row?.rows ?? 0 };
  } catch (error) {
    if (sqlstateOf(error) === '57014') return { table, rows: null };
    throw error;
  }
}
