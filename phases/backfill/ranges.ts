import type { BackfillPlan } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
import type { Database, RunRow, Session } from '#ports';
import { BackfillMissingError } from './errors.js';
import { type Leaf, readLeaves } from './leaves.js';
import { FIRST_SWEEP, rangesOf } from './plan-pass.js';
import type { PlannedRange } from './planned-range.js';

const MAX_REST_SECONDS = 60;
const LOCK_MS = 500;

/**
 * Plans one pass: 1 is the walk, each later one a sweep over what the table and its leaves are by then.
 *
 * Constant time at any size, but for rows that an index gives, whose number is bounded. It must run after the transaction
 * that made the sync trigger has committed: its lock ended every older writer, so the size read here bounds all rows that
 * the trigger does not take care of.
 *
 * @returns false where this pass was planned before, or where it is too soon after the last sweep, which left rows that
 *   somebody locked, or where somebody holds the table itself; then nothing is changed.
 */
export async function planWalk(
  { database }: { readonly database: Database },
  run: RunRow,
  index: number,
  pass: number,
): Promise<boolean> {
  const backfill = backfillOf(run, index);
  const key = { runId: run.id, backfill: backfill.index, pass };
  if (!(await isDue(database, key))) return false;
  // Before the lock, which claims and transitions of the run wait for. A leaf that is rewritten in between is noticed by
  // its file node, as at any later time.
  const leaves = await leavesNow(database, backfill);
  if (leaves === null) return false;
  const ranges = await rangesOf(database, backfill, pass, leaves);
  return database.transaction({}, async (tx) => {
    await lockRun(tx, run.id);
    if (!(await isDue(tx, key))) return false;
    await insertRanges(tx, key, ranges);
    return true;
  });
}

/** Even a table's size is read under a lock: null where somebody holds it, for whom the leader shall not wait. */
async function leavesNow(database: Database, { table }: BackfillPlan): Promise<readonly Leaf[] | null> {
  try {
    return await database.transaction({ readOnly: true, lockTimeoutMs: LOCK_MS }, (tx) =>
      readLeaves(tx, table),
    );
  } catch (error) {
    if (sqlstateOf(error) === '55P03') return null;
    throw error;
  }
}

/**
 * Plans a leaf again whose file node changed (VACUUM FULL, CLUSTER, pg_repack): pending rows may lie anywhere now, in
 * blocks of finished ranges too. The old ranges become void and keep their ledger; a leaf that is gone gets no new ones.
 *
 * @returns false where the leaf's ranges fit its file node, because another worker was first.
 */
export async function replanLeaf(
  { database }: { readonly database: Database },
  run: RunRow,
  index: number,
  pass: number,
  leafOid: number,
): Promise<boolean> {
  const backfill = backfillOf(run, index);
  const leaf = (await readLeaves(database, backfill.table)).find((found) => found.oid === leafOid);
  const ranges = leaf === undefined ? [] : await rangesOf(database, backfill, pass, [leaf]);
  return database.transaction({}, async (tx) => {
    await lockRun(tx, run.id);
    const voided = await voidRanges(tx, [run.id, backfill.index, pass, leafOid], leaf);
    if (voided === 0) return false;
    await insertRanges(tx, { runId: run.id, backfill: backfill.index, pass }, ranges);
    return true;
  });
}

/** Throws `BELLOWS_BACKFILL_MISSING` where the stored plan has none at this position. */
export function backfillOf(run: RunRow, index: number): BackfillPlan {
  const backfill = run.plan.backfills[index];
  if (backfill === undefined) throw new BackfillMissingError(run.migration, index);
  return backfill;
}

const VOID = `
update bellows.ranges
set state = 'void', holder = null, finished_at = clock_timestamp()
where run_id = $1
  and backfill = $2
  and pass = $3
  and leaf = $4
  and state <> 'void'
  and (filenode is distinct from $5::oid or leaf_schema is distinct from $6 or leaf_table is distinct from $7)
returning id`;

async function voidRanges(tx: Session, key: readonly number[], leaf: Leaf | undefined): Promise<number> {
  const facts = [leaf?.filenode ?? null, leaf?.table.schema ?? null, leaf?.table.name ?? null];
  return (await tx.query(VOID, [...key, ...facts])).length;
}

/**
 * Planning and claiming are serialised on the run's row; NO KEY UPDATE lets the foreign keys that refer to it pass.
 *
 * @returns the row's pace, as it is once the lock is held.
 */
export async function lockRun(tx: Session, runId: number): Promise<unknown> {
  const rows = await tx.query('select pace from bellows.runs where id = $1 for no key update', [runId]);
  return rows[0]?.pace;
}

async function isDue(session: Session, key: PassKey): Promise<boolean> {
  const { runId, backfill, pass } = key;
  return (
    !(await isPlanned(session, runId, backfill, pass)) && !(await isTooSoon(session, runId, backfill, pass))
  );
}

async function isPlanned(tx: Session, runId: number, backfill: number, pass: number): Promise<boolean> {
  const sql = 'select 1 from bellows.ranges where run_id = $1 and backfill = $2 and pass = $3 limit 1';
  return (await tx.query(sql, [runId, backfill, pass])).length > 0;
}

/** Sweeps of a row that stays locked for hours shall not read the table without pause: 1 s, then twice as long each time. */
async function isTooSoon(tx: Session, runId: number, backfill: number, pass: number): Promise<boolean> {
  if (pass <= FIRST_SWEEP) return false;
  const seconds = Math.min(MAX_REST_SECONDS, 2 ** (pass - FIRST_SWEEP - 1));
  const sql = `
select 1
from bellows.ranges r
left join bellows.batches b on b.range_id = r.id
where r.run_id = $1
  and r.backfill = $2
  and r.pass = $3
having sum(b.left_behind) > 0
  and max(r.finished_at) > clock_timestamp() - $4 * interval '1 s'`;
  return (await tx.query(sql, [runId, backfill, pass - 1, seconds])).length > 0;
}

interface PassKey {
  readonly runId: number;
  readonly backfill: number;
  readonly pass: number;
}

/** The order of the ranges is the order in which they get jobs, and identities are given in it. */
const INSERT = `
insert into bellows.ranges
  (run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, lo, hi, cursor, rows_expected, state, finished_at,
    kind, key_columns, key_from, key_to, tids)
select $1, $2, $3, r.leaf, r.leaf_schema, r.leaf_table, r.filenode, r.lo, r.hi, r.lo, r.rows_expected,
  case when r.lo < r.hi then 'open' else 'done' end,
  case when r.lo < r.hi then null else clock_timestamp() end,
  r.kind, r.key_columns, r.key_from, r.key_to, r.tids
from jsonb_to_recordset($4::jsonb) as r
  (leaf oid, leaf_schema text, leaf_table text, filenode oid, lo bigint, hi bigint, rows_expected float8,
    kind text, key_columns jsonb, key_from text[], key_to text[], tids tid[], position bigint)
order by r.position`;

export async function insertRanges(
  tx: Session,
  key: PassKey,
  ranges: readonly PlannedRange[],
): Promise<void> {
  const rows = ranges.map(({ leaf, lo, hi, kind, ...range }, position) => ({
    leaf: leaf.oid,
    leaf_schema: leaf.table.schema,
    leaf_table: leaf.table.name,
    filenode: leaf.filenode,
    lo,
    hi,
    rows_expected: range.rowsExpected,
    kind,
    key_columns: range.keyColumns,
    key_from: range.keyFrom,
    key_to: range.keyTo,
    tids: range.tids,
    position,
  }));
  await tx.query(INSERT, [key.runId, key.backfill, key.pass, JSON.stringify(rows)]);
}
