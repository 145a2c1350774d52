-- Seeds that were applied here: one row for each text of each file, in the same transaction as its data.
create table bellows.seeds (
  -- Relative to the seeds folder: `development/01_users.sql`.
  seed text not null,
  -- SHA-256 of the text; line endings do not count.
  checksum text not null,
  -- More than 1: by force.
  times integer not null default 1,
  applied_at timestamptz not null default clock_timestamp(),
  applied_by text not null,
  primary key (seed, checksum)
);
