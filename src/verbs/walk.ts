/** How a backfill goes through its tables, and how fast it went lately. Reads ranges and ledger; never a user's table. */
import type { WalkView } from '#api';
import { displayTable } from '#core/identifier';
import type { Context } from './context.js';
import { findRun } from './find.js';

/** A pass has at most 1,024 ranges for each backfill. */
const RANGES = `
select
  leaf_schema as schema,
  leaf_table as name,
  pass,
  kind,
  lo,
  hi,
  cursor,
  state,
  holder is not null as held
from bellows.ranges r
where run_id = $1
  and pass = (
    select max(pass)
    from bellows.ranges
    where run_id = r.run_id
      and backfill = r.backfill
  )
order by backfill, leaf_schema, leaf_table, leaf, lo
limit 4096`;

/** The time with batches, up to 30 minutes of it, in 60 parts; by the index on (run_id, committed_at). */
const SAMPLES = `
with bounds as (
  select
    greatest(min(committed_at), max(committed_at) - interval '30 min') as since,
    max(committed_at) as until
  from bellows.batches
  where run_id = $1
),
part as (
  select since, greatest(1, ceil(extract(epoch from until - since) / 60))::float8 as seconds
  from bounds
)
select
  part.seconds,
  to_timestamp(floor(extract(epoch from b.committed_at) / part.seconds) * part.seconds) as at,
  (sum(b.rows) / part.seconds)::float8 as rate,
  (percentile_cont(0.95) within group (order by b.milliseconds))::float8 as batch
from part
join bellows.batches b on b.run_id = $1
  and b.committed_at >= part.since
group by 1, 2
order by 2`;

interface RangeRow extends Readonly<Record<string, unknown>> {
  readonly schema: string;
  readonly name: string;
  readonly pass: number;
  readonly kind: 'blocks' | 'keys' | 'picked';
  readonly lo: number;
  readonly hi: number;
  readonly cursor: number;
  readonly state: 'open' | 'done' | 'void';
  readonly held: boolean;
}
interface SampleRow extends Readonly<Record<string, unknown>> {
  readonly seconds: number;
  readonly at: string;
  readonly rate: number;
  readonly batch: number;
}

export async function walk(context: Context, migration: string): Promise<WalkView> {
  const { database } = context;
  const run = await findRun(context, migration);
  const ranges = await database.query<RangeRow>(RANGES, [run.id]);
  const samples = await database.query<SampleRow>(SAMPLES, [run.id]);
  return {
    migration: run.migration,
    ranges: ranges.map(({ schema, name, lo, hi, cursor, ...rest }) => ({
      table: displayTable({ schema, name }),
      ...{ lo: Number(lo), hi: Number(hi), cursor: Number(cursor) },
      ...rest,
    })),
    sampleSeconds: samples[0]?.seconds ?? 1,
    samples: samples.map(({ at, rate, batch }) => ({ at, rowsPerSecond: rate, batchMs: batch })),
  };
}
