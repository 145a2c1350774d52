-- What was told to webhooks: each occurrence once, by whichever process saw it first.
create table bellows.told (
  run_id bigint not null references bellows.runs (id),
  event text not null,
  occurrence text not null,
  told_at timestamptz not null default clock_timestamp(),
  primary key (run_id, event, occurrence)
);
