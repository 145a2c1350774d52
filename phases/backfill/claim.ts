import type { TableName } from '#core/identifier';
import type { Database, RangeJob, Session } from '#ports';
import type { Access, Key, KeyColumn } from './access.js';
import { paceOf } from './pace-settings.js';
import { lockRun } from './ranges.js';

/** A claim without a sign of life for this long may be taken over; batches and waits beat well below it. */
export const LIVE_SECONDS = 10;

/** States in which ranges may be walked: those of a catch-up, at the gate too. A list for SQL. */
export const WALKED = `('backfilling', 'gated')`;

/** A range in the hands of one walker. Only `epoch` and `holder` are stable: the cursor is always read back. */
export interface ClaimedRange {
  readonly id: number;
  readonly runId: number;
  readonly backfill: number;
  readonly pass: number;
  readonly leafOid: number;
  readonly leaf: TableName;
  readonly lo: number;
  readonly hi: number;
  readonly cursor: number;
  readonly access: Access;
  /** Where keys are walked: the next batch begins below it; null: at the top. */
  readonly key: Key | null;
  readonly epoch: number;
  readonly holder: string;
  readonly rowsPerBlock: number | null;
}

export interface RangeState {
  readonly cursor: number;
  readonly key: Key | null;
  readonly open: boolean;
  readonly ours: boolean;
  readonly backfilling: boolean;
  /** The leaf has another file node or name than planned, or is gone. */
  readonly rewritten: boolean;
}

const CLAIM = `
update bellows.ranges r
set
  holder = $3,
  epoch = r.epoch + 1,
  beat_at = clock_timestamp(),
  started_at = coalesce(r.started_at, clock_timestamp())
from bellows.runs
where r.id = $2
  and r.run_id = $1
  and runs.id = r.run_id
  and runs.state_kind in ${WALKED}
  and r.state = 'open'
  and (r.holder is null or r.beat_at < clock_timestamp() - $5 * interval '1 s')
  and (
    select count(*)
    from bellows.ranges o
    where o.run_id = r.run_id
      and o.id <> r.id
      and o.holder is not null
      and o.state = 'open'
      and o.beat_at >= clock_timestamp() - $5 * interval '1 s'
  ) < $4
returning
  r.id, r.run_id, r.backfill, r.pass, r.leaf::bigint as leaf, r.leaf_schema, r.leaf_table,
  r.lo, r.hi, r.cursor, r.epoch, r.rows_expected,
  r.kind, r.key_columns, r.key_from, r.key_to, coalesce(r.key_cursor, r.key_from) as key_cursor, r.tids::text[] as tids`;

interface ClaimRow extends Readonly<Record<string, unknown>> {
  readonly id: number;
  readonly run_id: number;
  readonly backfill: number;
  readonly pass: number;
  readonly leaf: number;
  readonly leaf_schema: string;
  readonly leaf_table: string;
  readonly lo: number;
  readonly hi: number;
  readonly cursor: number;
  readonly epoch: number;
  readonly rows_expected: number | null;
  readonly kind: Access['kind'];
  readonly key_columns: readonly KeyColumn[] | null;
  readonly key_from: Key | null;
  readonly key_to: Key | null;
  readonly key_cursor: Key | null;
  readonly tids: readonly string[] | null;
}

/**
 * Takes a range, or returns null: it is finished, another walker lives on it, the run is not backfilling, or as many
 * ranges as the pace allows are being walked. The new epoch fences out whoever held it before.
 */
export async function claim(database: Database, job: RangeJob, holder: string): Promise<ClaimedRange | null> {
  return database.transaction({}, async (tx) => {
    // Counting the live claims needs a snapshot taken after the lock, hence a statement of its own.
    const { concurrency } = paceOf(await lockRun(tx, job.runId));
    const rows = await tx.query<ClaimRow>(CLAIM, [job.runId, job.rangeId, holder, concurrency, LIVE_SECONDS]);
    return rows[0] === undefined ? null : toRange(rows[0], holder);
  });
}

function toRange(row: ClaimRow, holder: string): ClaimedRange {
  const blocks = Number(row.hi) - Number(row.lo);
  return {
    id: Number(row.id),
    runId: Number(row.run_id),
    backfill: row.backfill,
    pass: row.pass,
    leafOid: Number(row.leaf),
    leaf: { schema: row.leaf_schema, name: row.leaf_table },
    lo: Number(row.lo),
    hi: Number(row.hi),
    cursor: Number(row.cursor),
    access: accessOf(row),
    key: row.key_cursor,
    epoch: Number(row.epoch),
    holder,
    rowsPerBlock: row.rows_expected === null || blocks === 0 ? null : row.rows_expected / blocks,
  };
}

function accessOf({ kind, key_columns, key_from, key_to, tids }: ClaimRow): Access {
  switch (kind) {
    case 'blocks':
      return { kind };
    case 'keys':
      return { kind, columns: key_columns ?? [], from: key_from, to: key_to };
    case 'picked':
      return { kind, tids: tids ?? [] };
  }
}

const READ = `
select
  r.cursor,
  coalesce(r.key_cursor, r.key_from) as key,
  r.state = 'open' as open,
  (r.holder = $2 and r.epoch = $3) is true as ours,
  runs.state_kind in ${WALKED} as backfilling,
  (pg_relation_filenode(r.leaf) is distinct from r.filenode
    or to_regclass(format('%I.%I', r.leaf_schema, r.leaf_table)) is distinct from r.leaf::regclass) as rewritten
from bellows.ranges r
join bellows.runs on runs.id = r.run_id
where r.id = $1`;

interface StateRow extends Readonly<Record<string, unknown>> {
  readonly cursor: number;
  readonly key: Key | null;
  readonly open: boolean;
  readonly ours: boolean;
  readonly backfilling: boolean;
  readonly rewritten: boolean;
}

/** Where the range really stands: the only answer after a refused fence or a lost connection. */
export async function readRange(session: Session, range: ClaimedRange): Promise<RangeState | null> {
  const rows = await session.query<StateRow>(READ, [range.id, range.holder, range.epoch]);
  const row = rows[0];
  return row === undefined ? null : { ...row, cursor: Number(row.cursor) };
}

/** A sign of life for waits between batches. */
export async function beat(session: Session, range: ClaimedRange): Promise<void> {
  await session.query(
    'update bellows.ranges set beat_at = clock_timestamp() where id = $1 and holder = $2 and epoch = $3',
    [range.id, range.holder, range.epoch],
  );
}

/** Gives the range back; its job is forgotten, so that the next dispatch makes a fresh one. Nothing happens if it is not ours. */
export async function release(session: Session, range: ClaimedRange): Promise<void> {
  await session.query(
    `update bellows.ranges
    set holder = null, job_id = null, queued_at = null
    where id = $1 and holder = $2 and epoch = $3`,
    [range.id, range.holder, range.epoch],
  );
}
