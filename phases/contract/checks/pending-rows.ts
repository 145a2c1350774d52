import { type Finding, fail, pass, unknown } from '#core/gate';
import { displayTable, quote, quoteTable } from '#core/identifier';
import { type BackfillPlan, isCopy, isTransform, type SyncedBackfillPlan } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
import type { Row } from '#ports';
import { type Leaf, readLeaves } from '../../backfill/leaves.js';
import { latestVerification } from '../verify-record.js';
import { count, type GateCheck, type GateContext, NO_BACKFILL } from './check.js';
import { waitingCopies } from './waiting-copies.js';
import { waitingRows } from './waiting-rows.js';

const LOOK_MS = 2_000;

interface SweepRow extends Row {
  readonly pass: number;
  readonly leaves: readonly number[];
  readonly rows: number;
  readonly left: number;
  readonly returned: number;
}

/** Rows that a retry returned to pending after the sweep was planned; before that, the sweep would have moved them. */
const SWEEP = `
select
  newest.pass,
  (
    select array_agg(distinct r.leaf::bigint)
    from bellows.ranges r
    where r.run_id = $1 and r.backfill = $2 and r.pass = newest.pass and r.state = 'done'
  ) as leaves,
  (
    select coalesce(sum(b.rows), 0)
    from bellows.ranges r
    join bellows.batches b on b.range_id = r.id
    where r.run_id = $1 and r.backfill = $2 and r.pass = newest.pass
  ) as rows,
  (
    select coalesce(sum(b.left_behind), 0)
    from bellows.ranges r
    join bellows.batches b on b.range_id = r.id
    where r.run_id = $1 and r.backfill = $2 and r.pass = newest.pass
  ) as left,
  (
    select count(*)
    from bellows.quarantine q
    where q.run_id = $1 and q.backfill = $2 and q.state = 'retried' and q.resolved_at >= newest.planned_at
  ) as returned
from (
  select pass, min(planned_at) as planned_at
  from bellows.ranges
  where run_id = $1
  and backfill = $2
  group by pass
  order by pass desc
  limit 1
) as newest`;

/**
 * No row is pending. Never by counting: `where marker = 'p'` has no index, and where the answer is "none" it reads the
 * whole table. The evidence is a sweep that found nothing and the verification, which read every row. What neither saw is
 * small: leaves attached since (looked at, for a bounded time), and rows that a retry returned.
 * The proof to rest a drop on is the server's own, a validated CHECK, and stands at the start of the contract.
 */
export const pendingRows: GateCheck = {
  id: 'pending_rows',
  evaluate: async (context) => {
    const { backfills, migration } = context.run.plan;
    if (backfills.length === 0) return NO_BACKFILL;
    const verified = await latestVerification(context.database, context.run.id);
    const judged = await Promise.all(backfills.map((b) => judge(context, b)));
    const faults = judged.flatMap((j) => j.faults);
    if (verified !== null && verified.pending > 0) {
      faults.push(`verification ${verified.id} counted ${count(verified.pending, 'pending row')}`);
    }
    if (faults.length > 0) return fail(faults.join('; '), sweepAgain(migration));
    if (verified === null) return unverified(migration);
    const seen = `verification ${verified.id} read ${count(verified.rows, 'row')}, 0 pending`;
    return pass([...judged.map((j) => j.evidence), seen].join('; '));
  },
};

async function judge(context: GateContext, backfill: BackfillPlan) {
  const { database, run } = context;
  if (backfill.kind === 'synced' && isTransform(backfill)) return waitingRows(context, backfill);
  if (isCopy(backfill)) return waitingCopies(context, backfill);
  const [sweep] = await database.query<SweepRow>(SWEEP, [run.id, backfill.index]);
  const table = displayTable(backfill.table);
  if (sweep === undefined || sweep.pass < 2) return { evidence: '', faults: [`${table}: never swept`] };
  const swept = new Set(sweep.leaves ?? []);
  const leaves = await readLeaves(database, backfill.table);
  const unseen = leaves.filter((leaf) => !swept.has(leaf.oid));
  const faults = [
    ...(backfill.kind === 'purge' ? [] : nonzero(Number(sweep.rows), `sweep ${sweep.pass} still moved`)),
    ...nonzero(Number(sweep.left), `sweep ${sweep.pass} left behind`),
    ...nonzero(sweep.returned, `a retry returned, after sweep ${sweep.pass},`),
    ...(await lookAtAll(context, backfill, unseen)),
  ];
  const evidence =
    `${table}: sweep ${sweep.pass} over ${count(swept.size, 'leaf', 'leaves')} moved ${sweep.rows} rows and left 0 behind` +
    (unseen.length > 0 ? `; ${count(unseen.length, 'leaf', 'leaves')} attached since, with 0 pending` : '');
  return { evidence, faults: faults.map((fault) => `${table}: ${fault}`) };
}

function nonzero(rows: number, what: string): readonly string[] {
  return rows > 0 ? [`${what} ${count(rows, 'row')}`] : [];
}

async function lookAtAll(context: GateContext, backfill: BackfillPlan, leaves: readonly Leaf[]) {
  // The rows of a plain fill carry no marker, and its new rows are nobody's promise.
  if (backfill.kind !== 'synced') return [];
  const found = await Promise.all(leaves.map((leaf) => lookAt(context, backfill, leaf)));
  return found.flatMap((fault) => (fault === null ? [] : [fault]));
}

async function lookAt(
  { database }: GateContext,
  backfill: SyncedBackfillPlan,
  leaf: Leaf,
): Promise<string | null> {
  const text = `select from only ${quoteTable(leaf.table)} where ${quote(backfill.marker)} = 'p' limit 1`;
  const limits = { readOnly: true, rowSecurity: false, statementTimeoutMs: LOOK_MS, lockTimeoutMs: LOOK_MS };
  try {
    const rows = await database.transaction(limits, (tx) => tx.query(text));
    return rows.length > 0 ? `leaf ${displayTable(leaf.table)} was attached since, with pending rows` : null;
  } catch (error) {
    if (sqlstateOf(error) !== '57014') throw error;
    return `leaf ${displayTable(leaf.table)} was attached since, and ${LOOK_MS / 1_000} s were not enough to look through it`;
  }
}

function sweepAgain(migration: string): string {
  return `nothing to do: the leader goes back to backfilling and sweeps again (bellows status ${migration})`;
}

function unverified(migration: string): Finding {
  return unknown(
    'the sweeps found nothing, but no verification has been finished',
    `bellows verify ${migration}`,
  );
}
