-- What the throttle saw last, and which signals it could ever read for this run: one that was readable and no longer is
-- must stop the pace in every process, also in one that never read it.
create table bellows.signals (
  run_id bigint primary key references bellows.runs (id),
  readings jsonb not null,
  readable text[] not null default '{}',
  read_at timestamptz not null default clock_timestamp()
);

-- Vacuums of the walk, by leaf.
create table bellows.vacuums (
  run_id bigint not null references bellows.runs (id),
  leaf oid not null,
  -- Blocks that the walk had passed when the leaf was last vacuumed.
  blocks bigint not null default 0,
  -- Since when the next one is due; null: it is not.
  due_at timestamptz,
  vacuumed_at timestamptz,
  -- Of the last one, and of all.
  last_seconds double precision not null default 0,
  seconds double precision not null default 0,
  runs integer not null default 0,
  primary key (run_id, leaf)
);

-- One row, written over and over by the signal commit_latency.
create table bellows.heartbeat (
  id integer primary key check (id = 1),
  at timestamptz not null
) with (fillfactor = 50);
