/** The statements of `readStateFrom`. Ids go as text: an int8 may not be safe as a number. */

/** The newest run of each migration. What ended is shown for a day: long enough to be scraped and looked at. */
export const RUN_ROWS = `
select r.id::text as id,
  r.migration,
  r.checksum,
  r.plan -> 'tables' as tables,
  r.state,
  jsonb_array_length(coalesce(r.plan -> 'backfills', '[]'))::int as backfills,
  (
    select case when bool_and(jsonb_typeof(b -> 'expectedRows') = 'number')
      then sum((b ->> 'expectedRows')::float8) end
    from jsonb_array_elements(r.plan -> 'backfills') as b
  ) as "rowsExpected",
  (r.pace ->> 'concurrency')::float8 as concurrency,
  (r.pace ->> 'ceiling')::float8 as ceiling,
  (r.pace ->> 'rowsPerSecond')::float8 as "rowsPerSecond",
  (r.pace ->> 'targetMs')::float8 as "targetMs"
from (
  select distinct on (migration) *
  from bellows.runs
  order by migration, id desc
) as r
where r.state_kind not in ('done', 'rolled_back')
  or (r.state ->> 'at')::timestamptz > clock_timestamp() - interval '24 hours'
order by r.migration`;

/** A changed pace has a `to` too, which is no phase. A pause is none either, so its time is the time of the phase that it left. */
export const PHASE_ROWS = `
with visit as (
  select h.run_id,
    h.detail ->> 'to' as "to",
    h.at,
    lead(h.at) over (partition by h.run_id order by h.at, h.id) as left_at
  from bellows.history h
  where h.migration = any($2::text[])
    and h.run_id = any($1::text[]::bigint[])
    and h.detail ->> 'to' = any($3::text[])
)
select run_id::text as run,
  "to",
  extract(epoch from max(at))::float8 as at,
  sum(extract(epoch from
    coalesce(left_at, case when "to" in ('done', 'rolled_back') then at else clock_timestamp() end) - at))::float8 as seconds
from visit
group by 1, 2`;

/**
 * `statement_timestamp()`, since no index serves a comparison with the volatile `clock_timestamp()`: the whole ledger would be
 * read. The walk is pass 1; void ranges were planned again. The pace is that of 10 minutes by the wall, or
 * since the first batch where that is less.
 */
export const LEDGER_ROWS = `
select run.id::text as run,
  walk.planned,
  walk.blocks,
  walk.passed,
  walk.walked,
  walk."rowsExpected",
  extract(epoch from span.last)::float8 as "lastCommit",
  recent.batches as "recentBatches",
  recent.blocks as "recentBlocks",
  extract(epoch from clock_timestamp() - greatest(span.first, clock_timestamp() - interval '10 minutes'))::float8
    as "recentSeconds",
  latest.rows as "batchRows",
  (
    select count(*)::int
    from bellows.ranges r
    where r.run_id = run.id
      and r.state = 'open'
      and r.holder is not null
      and r.beat_at > clock_timestamp() - interval '10 seconds'
  ) as "inFlight"
from unnest($1::text[]::bigint[]) as run (id)
cross join lateral (
  select count(distinct r.backfill)::int as planned,
    coalesce(sum(r.hi - r.lo), 0)::float8 as blocks,
    coalesce(sum(case when r.state = 'done' then r.hi - r.lo else r.cursor - r.lo end), 0)::float8 as passed,
    coalesce(bool_and(r.state = 'done'), false) as walked,
    case when bool_and(r.rows_expected is not null or r.hi = r.lo) then coalesce(sum(r.rows_expected), 0) end
      as "rowsExpected"
  from bellows.ranges r
  where r.run_id = run.id
    and r.pass = 1
    and r.state <> 'void'
) as walk
cross join lateral (
  select min(b.committed_at) as first, max(b.committed_at) as last
  from bellows.batches b
  where b.run_id = run.id
) as span
cross join lateral (
  select count(*)::float8 as batches, coalesce(sum(b.hi - b.lo), 0)::float8 as blocks
  from bellows.batches b
  where b.run_id = run.id
    and b.committed_at > statement_timestamp() - interval '10 minutes'
) as recent
cross join lateral (
  select percentile_disc(0.5) within group (order by b.rows)::float8 as rows
  from bellows.batches b
  where b.run_id = run.id
    and b.hi > b.lo
    and b.committed_at > statement_timestamp() - interval '30 seconds'
) as latest`;

export const HOLD_ROWS = `
select run_id::text as run, signal
from bellows.holds
where run_id = any($1::text[]::bigint[])
order by since, signal`;

/** What is over, and what lasts: as long as it was last seen, since a dead worker takes no hold away. */
export const THROTTLED_ROWS = `
select run_id::text as run,
  signal,
  sum(seconds)::float8 as seconds,
  sum(events)::float8 as events
from (
  select run_id, signal, seconds, events
  from bellows.throttled
  union all
  select run_id, signal, extract(epoch from seen_at - since), 1
  from bellows.holds
) as held
where run_id = any($1::text[]::bigint[])
group by 1, 2`;

/** A reading that is older says nothing of now. */
export const SIGNAL_ROWS = `
select s.run_id::text as run,
  reading.key as signal,
  (reading.value ->> 'utilisation')::float8 as utilisation
from bellows.signals s
cross join lateral jsonb_each(s.readings) as reading
where s.run_id = any($1::text[]::bigint[])
  and s.read_at > clock_timestamp() - interval '15 seconds'
  and jsonb_typeof(reading.value -> 'utilisation') = 'number'`;

export const VACUUM_ROWS = `
select run_id::text as run,
  sum(runs)::float8 as vacuums,
  sum(seconds)::float8 as seconds
from bellows.vacuums
where run_id = any($1::text[]::bigint[])
group by run_id`;

export const STEP_ROWS = `
select run_id::text as run,
  step_id as step,
  extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at)::float8 as seconds,
  case when state = 'running' then jsonb_array_length(blockers) else 0 end as blocking
from bellows.steps
where run_id = any($1::text[]::bigint[])`;

export const VERIFICATION_ROWS = `
select run_id::text as run,
  sum(rows - mismatched)::float8 as matched,
  sum(mismatched)::float8 as mismatched,
  (array_agg(mismatched order by id desc))[1]::float8 as latest
from bellows.verifications
where run_id = any($1::text[]::bigint[])
  and finished_at is not null
group by run_id`;

export const DECISION_ROWS = `
select run_id::text as run,
  decision,
  count(*)::float8 as times
from (
  select run_id, 'approved' as decision
  from bellows.approvals
  union all
  select run_id, 'skipped'
  from bellows.history
  where migration = any($2::text[])
    and action = 'skip_check'
) as decided
where run_id = any($1::text[]::bigint[])
group by 1, 2`;

export const QUARANTINE_ROWS = `
select run_id::text as run, count(*)::float8 as rows
from bellows.quarantine
where run_id = any($1::text[]::bigint[])
  and state = 'open'
group by run_id`;

export const CHECK_ROWS = `
select c.run_id::text as run,
  c.check_id as check,
  c.verdict,
  r.skips -> c.check_id ->> 'reason' as skipped,
  extract(epoch from clock_timestamp() - c.evaluated_at)::float8 as age,
  extract(epoch from c.evaluated_at)::float8 as at
from bellows.checks c
join bellows.runs r on r.id = c.run_id
where c.run_id = any($1::text[]::bigint[])`;

/** A worker beats every 2 seconds; one that was not heard of for 10 is called stale. */
export const WORKER_ROWS = `
select count(*) filter (where beat_at > clock_timestamp() - interval '10 seconds')::int as live,
  count(*) filter (where beat_at <= clock_timestamp() - interval '10 seconds')::int as stale
from bellows.workers`;

export const AUDIT_ROWS = `
select action, count(*)::float8 as times
from bellows.history
group by action`;

/** A job is forgotten when its range is given back, so what is left waits for a worker. */
export const PROCESS_ROW = `
select (select epoch::float8 from bellows.lease where name = 'leader') as epoch,
  coalesce(extract(epoch from clock_timestamp() - min(r.queued_at)), 0)::float8 as "oldestWait"
from bellows.runs
join bellows.ranges r on r.run_id = runs.id
where runs.id = any($1::text[]::bigint[])
  and runs.state_kind = 'backfilling'
  and r.state = 'open'
  and r.job_id is not null
  and (r.holder is null or r.beat_at < clock_timestamp() - interval '10 seconds')`;

/** One history row holds the statements of a file; the newest day of them is at the end of the primary key's index. */
export const PLAIN_ROWS = `
select h.migration,
  (s.one ->> 'line')::integer as line,
  (s.one ->> 'ms')::float8 / 1000 as seconds,
  (
    select max((l.one ->> 'heldMs')::float8) / 1000
    from jsonb_array_elements(s.one -> 'locks') as l (one)
  ) as "lockSeconds"
from bellows.history h
cross join jsonb_array_elements(h.detail -> 'statements') as s (one)
where h.action in ('sql_applied', 'sql_rolled_back')
  and h.at > statement_timestamp() - interval '24 hours'
order by seconds desc
limit 50`;
