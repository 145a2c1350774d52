import type { Session } from '#ports';

/** A backfill as its ranges and its ledger show it. No table is ever counted for this. */
export interface BackfillProgress {
  readonly backfill: number;
  /** The newest pass; 0: nothing planned yet. 1 is the walk, later ones are sweeps. */
  readonly pass: number;
  /** When the newest pass was planned, ISO 8601. */
  readonly plannedAt: string | null;
  /** Ranges of the newest pass. */
  readonly openRanges: number;
  readonly doneRanges: number;
  readonly voidRanges: number;
  /** Blocks of the newest pass, without void ranges. */
  readonly blocksDone: number;
  readonly blocksTotal: number;
  /** Rows moved in all passes. */
  readonly rowsDone: number;
  /** From the planner's statistics when the walk was planned; null where the table was never analysed. */
  readonly rowsExpected: number | null;
  /** Rows that the newest pass moved, and rows that it left behind: locked, or kept by a trigger. */
  readonly rowsInPass: number;
  readonly leftLocked: number;
  readonly quarantined: number;
  /** Over the last 30 s; null where no batch was committed then. */
  readonly rowsPerSecond: number | null;
  /** Over the time in which batches ran. */
  readonly rowsPerSecondAverage: number | null;
  /** Median of the batches of the last 30 s; null where there was none. */
  readonly batchRows: number | null;
  /** Of the newest pass, at the pace of the last 30 s; null where that is unknown. */
  readonly etaSeconds: number | null;
}

const progressOf = (run: string, backfill: string) => `
with ours as (
  select *
  from bellows.ranges
  where run_id = ${run}
    and backfill = ${backfill}
),
newest as (
  select coalesce(max(pass), 0) as pass
  from ours
),
ranges as (
  select
    newest.pass,
    max(o.planned_at) as planned_at,
    count(*) filter (where o.state = 'open')::integer as open,
    count(*) filter (where o.state = 'done')::integer as done,
    count(*) filter (where o.state = 'void')::integer as void,
    coalesce(sum(o.cursor - o.lo) filter (where o.state <> 'void'), 0)::bigint as blocks_done,
    coalesce(sum(o.hi - o.lo) filter (where o.state <> 'void'), 0)::bigint as blocks_total
  from newest
  left join ours o on o.pass = newest.pass
  group by newest.pass
),
-- Each range has the sum of its batches but the newest, which is read from the ledger.
ledger as (
  select
    coalesce(sum(o.rows_moved + tail.rows), 0)::bigint as rows,
    coalesce(sum(o.rows_moved + tail.rows) filter (where o.pass = newest.pass), 0)::bigint as rows_in_pass,
    coalesce(sum(o.rows_left + tail.left_behind) filter (where o.pass = newest.pass), 0)::bigint as left_behind
  from newest
  cross join ours o
  cross join lateral (
    select coalesce(sum(b.rows), 0) as rows, coalesce(sum(b.left_behind), 0) as left_behind
    from bellows.batches b
    where b.range_id = o.id
      and b.id > o.summed_to
  ) as tail
),
-- No index serves a comparison with clock_timestamp(), which is volatile: the whole ledger would be read.
recent as (
  select
    sum(b.rows)::float8 as rows,
    sum(b.hi - b.lo) filter (where o.pass = newest.pass)::float8 as blocks,
    -- The first 30 s of a run are not yet 30 s.
    greatest(1, extract(epoch from clock_timestamp() - min(b.committed_at - b.milliseconds * interval '1 ms')))::float8 as seconds,
    (percentile_disc(0.5) within group (order by b.rows))::integer as batch_rows
  from newest
  cross join bellows.batches b
  join ours o on o.id = b.range_id
  where b.run_id = ${run}
    and b.committed_at > statement_timestamp() - interval '30 s'
),
spent as (
  select sum(extract(epoch from coalesce(finished_at, beat_at) - started_at))::float8 as seconds
  from ours
  where started_at is not null
)
select
  ranges.*,
  ledger.*,
  (select sum(rows_expected)::float8 from ours where pass = 1 and state <> 'void') as rows_expected,
  (
    select count(*)::integer
    from bellows.quarantine
    where run_id = ${run}
      and backfill = ${backfill}
      and state = 'open'
  ) as quarantined,
  recent.rows / recent.seconds as rows_per_second,
  recent.batch_rows,
  ledger.rows / nullif(spent.seconds, 0) as rows_per_second_average,
  (ranges.blocks_total - ranges.blocks_done) / nullif(recent.blocks / recent.seconds, 0) as eta_seconds
from ranges
cross join ledger
cross join recent
cross join spent`;

const PROGRESS = progressOf('$1', '$2');

const PROGRESS_OF_MANY = `
select asked.backfill, progress.*
from unnest($1::bigint[], $2::integer[]) with ordinality as asked (run_id, backfill, place)
cross join lateral (${progressOf('asked.run_id', 'asked.backfill')}
) as progress
order by asked.place`;

interface ProgressRow extends Readonly<Record<string, unknown>> {
  readonly pass: number;
  readonly planned_at: string | null;
  readonly open: number;
  readonly done: number;
  readonly void: number;
  readonly blocks_done: number;
  readonly blocks_total: number;
  readonly rows: number;
  readonly rows_in_pass: number;
  readonly left_behind: number;
  readonly rows_expected: number | null;
  readonly quarantined: number;
  readonly rows_per_second: number | null;
  readonly rows_per_second_average: number | null;
  readonly batch_rows: number | null;
  readonly eta_seconds: number | null;
}

export async function readProgress(
  session: Session,
  runId: number,
  backfill: number,
): Promise<BackfillProgress> {
  const [row] = await session.query<ProgressRow>(PROGRESS, [runId, backfill]);
  if (row === undefined) throw new Error('an aggregate without groups returns one row');
  return asProgress(row, backfill);
}

/** In the order asked. One statement for all: planning it takes longer than reading the ledger of a small run. */
export async function readProgressOf(
  session: Session,
  asked: readonly { readonly runId: number; readonly backfill: number }[],
): Promise<readonly BackfillProgress[]> {
  if (asked.length === 0) return [];
  const rows = await session.query<ProgressRow & { readonly backfill: number }>(PROGRESS_OF_MANY, [
    asked.map(({ runId }) => runId),
    asked.map(({ backfill }) => backfill),
  ]);
  return rows.map((row) => asProgress(row, row.backfill));
}

function asProgress(row: ProgressRow, backfill: number): BackfillProgress {
  return {
    backfill,
    pass: row.pass,
    plannedAt: row.planned_at,
    openRanges: row.open,
    doneRanges: row.done,
    voidRanges: row.void,
    blocksDone: Number(row.blocks_done),
    blocksTotal: Number(row.blocks_total),
    rowsDone: Number(row.rows),
    rowsExpected: row.rows_expected,
    rowsInPass: Number(row.rows_in_pass),
    leftLocked: Number(row.left_behind),
    quarantined: row.quarantined,
    rowsPerSecond: row.rows_per_second,
    rowsPerSecondAverage: row.rows_per_second_average,
    batchRows: row.batch_rows,
    etaSeconds: row.eta_seconds,
  };
}
