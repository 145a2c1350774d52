-- Everything Bellows knows. PostgreSQL is the truth; the queue only wakes.

-- One row for each file of this folder that was applied here; written by the installer.
create table bellows.schema_version (
  version integer primary key,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by text not null default session_user
);

-- Tells this database's jobs from another's in a shared Redis.
create table bellows.installation (
  id uuid not null default gen_random_uuid()
);

insert into bellows.installation default values;

create table bellows.lease (
  name text primary key,
  holder uuid,
  process text not null default '',
  epoch bigint not null default 0,
  expires_at timestamptz not null default '-infinity',
  touched_at timestamptz
);

insert into bellows.lease (name) values ('leader');

create table bellows.runs (
  id bigint generated always as identity primary key,
  migration text not null,
  checksum text not null,
  plan jsonb not null,
  state jsonb not null,
  state_kind text not null generated always as (state ->> 'kind') stored,
  -- Every transition adds one: two processes that decided on the same snapshot cannot both act on it.
  version bigint not null default 0,
  pace jsonb not null default '{}',
  skips jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint runs_state_kind check (state_kind in (
    'pending', 'expanding', 'backfilling', 'settling', 'gated', 'contracting', 'done',
    'rolling_back', 'rolled_back', 'paused', 'failed'))
);

create unique index runs_one_alive on bellows.runs (migration) where state_kind <> 'rolled_back';

create table bellows.steps (
  run_id bigint not null references bellows.runs (id),
  step_id text not null,
  state text not null check (state in ('running', 'done', 'failed')),
  attempts integer not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  -- SQLSTATE and a sentence without row values.
  error text,
  blockers jsonb not null default '[]',
  primary key (run_id, step_id)
);

create table bellows.ranges (
  id bigint generated always as identity primary key,
  run_id bigint not null references bellows.runs (id),
  backfill integer not null,
  -- 1 is the walk; each later pass is a sweep over what is there by then.
  pass integer not null,
  leaf oid not null,
  leaf_schema text not null,
  leaf_table text not null,
  filenode oid not null,
  -- Heap blocks: lo and cursor inclusive, hi exclusive.
  lo bigint not null,
  hi bigint not null,
  cursor bigint not null,
  state text not null default 'open' check (state in ('open', 'done', 'void')),
  epoch bigint not null default 0,
  holder uuid,
  beat_at timestamptz,
  job_id text,
  queued_at timestamptz,
  -- From the planner's statistics at planning; null where the leaf was never analysed.
  rows_expected double precision,
  planned_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint ranges_cursor_inside check (lo <= cursor and cursor <= hi)
);

create index ranges_of_run on bellows.ranges (run_id, backfill, pass, state);
create index ranges_held on bellows.ranges (run_id) where holder is not null;

-- The ledger: one row for each committed batch, in the batch's own transaction.
-- Single rows of a block that had to be split stand with hi = lo; the block itself is closed by a row of its own.
create table bellows.batches (
  id bigint generated always as identity primary key,
  run_id bigint not null,
  range_id bigint not null references bellows.ranges (id),
  lo bigint not null,
  hi bigint not null,
  rows integer not null,
  -- Rows that were locked by somebody, or that a trigger of the table kept as they were: left to the next sweep.
  left_behind integer not null default 0,
  milliseconds real not null,
  committed_at timestamptz not null default clock_timestamp()
);

create index batches_of_range on bellows.batches (range_id) include (rows, left_behind);
create index batches_recent on bellows.batches (run_id, committed_at);

create table bellows.quarantine (
  id bigint generated always as identity primary key,
  run_id bigint not null references bellows.runs (id),
  backfill integer not null,
  leaf oid not null,
  leaf_schema text not null,
  leaf_table text not null,
  -- The row's primary key as an object; the block address where the table has none. Shown by `quarantine list` alone.
  row_key jsonb not null,
  sqlstate text not null,
  reason text not null,
  state text not null default 'open' check (state in ('open', 'retried', 'skipped')),
  found_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  resolved_by text
);

create unique index quarantine_once on bellows.quarantine (run_id, backfill, leaf, row_key) where state <> 'retried';

create table bellows.verifications (
  id bigint generated always as identity primary key,
  run_id bigint not null references bellows.runs (id),
  checksum text not null,
  fingerprint text not null,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  rows bigint,
  mismatched bigint,
  -- Rows that the application gave on both sides and whose sides disagree: counted, left alone.
  both_disagree bigint,
  pending bigint,
  -- True where values cannot be recomputed (volatile, other tables): then only coverage was looked at.
  coverage_only boolean not null default false
);

create table bellows.checks (
  run_id bigint not null references bellows.runs (id),
  check_id text not null,
  verdict text not null check (verdict in ('pass', 'fail', 'unknown', 'n/a')),
  evidence text not null,
  release text,
  evaluated_at timestamptz not null default clock_timestamp(),
  primary key (run_id, check_id)
);

create table bellows.approvals (
  id bigint generated always as identity primary key,
  run_id bigint not null references bellows.runs (id),
  approved_by text not null,
  reason text not null,
  checksum text not null,
  verification_id bigint references bellows.verifications (id),
  approved_at timestamptz not null default clock_timestamp()
);

create table bellows.deploys (
  id bigint generated always as identity primary key,
  application text not null,
  version text not null,
  recorded_by text not null,
  recorded_at timestamptz not null default clock_timestamp()
);

create index deploys_latest on bellows.deploys (application, id desc);

create table bellows.holds (
  run_id bigint not null references bellows.runs (id),
  signal text not null,
  value double precision,
  "limit" double precision not null,
  text text not null,
  release text not null,
  since timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  primary key (run_id, signal)
);

create table bellows.throttled (
  run_id bigint not null references bellows.runs (id),
  signal text not null,
  seconds double precision not null default 0,
  events bigint not null default 0,
  primary key (run_id, signal)
);

create table bellows.workers (
  id uuid primary key,
  host text not null,
  pid integer not null,
  version text not null,
  slots integer not null,
  used integer not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  beat_at timestamptz not null default clock_timestamp()
);

create table bellows.history (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  migration text,
  run_id bigint,
  action text not null,
  detail jsonb not null default '{}'
);

create index history_of_migration on bellows.history (migration, id);

create function bellows.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'bellows.% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create trigger history_append_only
  before update or delete or truncate on bellows.history
  for each statement execute function bellows.refuse_change();
