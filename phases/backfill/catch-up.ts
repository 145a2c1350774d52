/**
 * After the walk: writes of deploys that do not know the columns of a transform make rows pending at any time, and their index
 * tells which; and what a copy trigger could not carry over is noted. What follows is an ordinary pass over these rows, or over
 * the noted keys, at the gate too, until contract.
 */
import { quoteTable, type TableName } from '#core/identifier';
import { type BackfillPlan, type CopyPlan, isCopy, isTransform } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
import type { Database, RunRow, Session } from '#ports';
import { waitingKey } from '../expand/copied-row.js';
import { waitsText } from '../expand/marker.js';
import { readLeaves } from './leaves.js';
import { splitPicked } from './picked-ranges.js';
import type { PlannedRange } from './planned-range.js';
import { backfillOf, insertRanges, lockRun } from './ranges.js';

const LOOK_MS = 2_000;
/** In one pass; what is left is for the next one. */
const MOST_ROWS = 50_000;
/** Between two passes, so that the ledger of a busy table does not grow with every write. */
const REST_SECONDS = 2;

/** The backfills of the run with rows to catch up with, or with ranges of such a pass still open. */
export async function backfillsBehind(database: Database, run: RunRow): Promise<readonly number[]> {
  const behind: number[] = [];
  for (const backfill of run.plan.backfills) {
    const caughtUp = caughtUpOf(run.id, backfill);
    if (caughtUp === null) continue;
    if ((await hasOpenRanges(database, run.id, backfill.index)) || (await hasPending(database, caughtUp))) {
      behind.push(backfill.index);
    }
  }
  return behind;
}

async function hasOpenRanges(session: Session, runId: number, backfill: number): Promise<boolean> {
  const sql = `select from bellows.ranges where run_id = $1 and backfill = $2 and state = 'open' limit 1`;
  return (await session.query(sql, [runId, backfill])).length > 0;
}

/** Where rows to catch up with stand, and which they are: SQL over the alias `w`. */
interface CaughtUp {
  readonly table: TableName;
  readonly condition: string;
}

function caughtUpOf(runId: number, backfill: BackfillPlan): CaughtUp | null {
  if (isCopy(backfill)) return { table: backfill.waiting, condition: waits(runId, backfill) };
  if (backfill.kind !== 'synced' || !isTransform(backfill)) return null;
  return { table: backfill.table, condition: waitsText(backfill.marker, 'w.') };
}

/** A key in quarantine is left alone until somebody retries it. */
function waits(runId: number, plan: CopyPlan): string {
  return `w.key_1 is not null and not exists (
    select from bellows.quarantine as q
    where q.run_id = ${runId} and q.backfill = ${plan.index} and q.state <> 'retried' and q.row_key = ${waitingKey(plan, 'w')}
  )`;
}

/** Without its index this would read the table, several times a second: false then, and the gate names the index. */
async function hasPending(database: Database, caughtUp: CaughtUp): Promise<boolean> {
  try {
    return (await pendingRows(database, caughtUp, caughtUp.table, 1)).length > 0;
  } catch (error) {
    if (sqlstateOf(error) !== '57014') throw error;
    return false;
  }
}

async function pendingRows(
  database: Database,
  { condition }: CaughtUp,
  table: TableName,
  most: number,
): Promise<readonly string[]> {
  const limits = { readOnly: true, rowSecurity: false, statementTimeoutMs: LOOK_MS, lockTimeoutMs: LOOK_MS };
  const rows = await database.transaction(limits, async (tx) => {
    // The marker has no statistics of these rows: the planner must not guess that they are many, and read the table.
    await tx.query('set local enable_seqscan = off');
    return tx.query<{ tid: string }>(
      `select w.ctid::text as tid from ${quoteTable(table)} as w where ${condition} limit ${most}`,
    );
  });
  return rows.map(({ tid }) => tid);
}

/** Plans the next pass; nothing is planned while one is open, and not at once after the last. */
export async function planCatchUp(database: Database, run: RunRow, index: number): Promise<void> {
  const caughtUp = caughtUpOf(run.id, backfillOf(run, index));
  if (caughtUp === null) return;
  const leaves = await readLeaves(database, caughtUp.table);
  const ranges: PlannedRange[] = [];
  for (const leaf of leaves) {
    const tids = await pendingRows(database, caughtUp, leaf.table, MOST_ROWS);
    if (tids.length > 0) ranges.push(...splitPicked(leaf, tids));
  }
  if (ranges.length === 0) return;
  await database.transaction({}, async (tx) => {
    await lockRun(tx, run.id);
    const [newest] = await tx.query<{ pass: number; due: boolean }>(NEWEST, [run.id, index, REST_SECONDS]);
    if (newest?.due !== true) return;
    await insertRanges(tx, { runId: run.id, backfill: index, pass: newest.pass + 1 }, ranges);
  });
}

const NEWEST = `
select
  max(pass)::integer as pass,
  bool_and(state <> 'open') and max(planned_at) < clock_timestamp() - $3 * interval '1 s' as due
from bellows.ranges
where run_id = $1
  and backfill = $2`;
