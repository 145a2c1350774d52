-- Plain SQL migrations. Which of them are applied is what `schema_migrations` says, as for every tool that reads it; what
-- stands here is what that table has no room for.
insert into bellows.lease (name) values ('plain');

create table bellows.plain (
  version text primary key,
  migration text not null,
  -- Of the file as it was applied.
  checksum text not null,
  -- `running` and `failed` are of files that are more than one transaction: somewhere between their statements.
  state text not null check (state in ('running', 'failed', 'applied')),
  direction text not null default 'up' check (direction in ('up', 'down')),
  -- `run`: by us; `adopted`: found in schema_migrations; `baseline`, `resolved`: somebody said so.
  origin text not null check (origin in ('run', 'adopted', 'baseline', 'resolved')),
  -- A file that is one transaction has one unit. Of any other this is how far it has come, and a digest of what was run.
  units_done integer not null default 0,
  done_digest text,
  -- Names of the tables that it mentions: a run on one of them verifies its rows anew.
  tables text[] not null default '{}',
  -- SQLSTATE, a message without row values, line and column of the statement that failed.
  failure jsonb,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  seconds double precision,
  applied_by text not null
);
