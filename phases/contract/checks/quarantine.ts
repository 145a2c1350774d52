import { type Finding, fail, pass, unknown } from '#core/gate';
import { displayTable, quote } from '#core/identifier';
import { count, type GateCheck, type GateContext, NO_BACKFILL, syncedBackfills } from './check.js';
import { COUNT_SECONDS, countMarked } from './count-marked.js';

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
    const marked = await Promise.all(
      syncedBackfills(context).map(async ({ table, marker }) => ({
        table: displayTable(table),
        rows: await countMarked(context, table, `${quote(marker)} = 'q'`),
      })),
    );
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
      `${evidence} (the count took over ${COUNT_SECONDS} s: its partial index is missing)`,
      `bellows gate ${run.migration}: the check indexes names the index that is to be built again`,
    );
  }
  return pass(evidence);
}
