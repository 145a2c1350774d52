-- The record of a plain SQL migration, made last before its commit. Functions, since their statements are planned once for a session and
-- not once for a migration; and since one of them fails where the lease is lost, so that nothing sent behind it is run.
create function bellows.demand_plain_lease(by_holder uuid, at_epoch bigint) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- It writes, and so locks the row: nobody can take the lease over between this and the commit.
  update bellows.lease
  set touched_at = clock_timestamp()
  where name = 'plain'
  and holder = by_holder
  and epoch = at_epoch
  and expires_at > clock_timestamp();
  if not found then
    raise exception 'the right to run plain SQL migrations is lost' using errcode = 'ZB001';
  end if;
end
$$;

create function bellows.plain_applied(
  by_holder uuid,
  at_epoch bigint,
  by_actor text,
  of_migration text,
  with_action text,
  with_detail jsonb,
  into_versions regclass,
  of_version text,
  with_checksum text,
  with_origin text,
  of_tables text[],
  in_seconds double precision
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into bellows.history (actor, migration, action, detail)
  values (by_actor, of_migration, with_action, with_detail);
  execute format('insert into %s (version) values ($1) on conflict do nothing', into_versions)
  using of_version;
  insert into bellows.plain (version, migration, checksum, state, origin, tables, seconds, finished_at, applied_by)
  values (of_version, of_migration, with_checksum, 'applied', with_origin, of_tables, in_seconds, clock_timestamp(), by_actor)
  on conflict (version) do update
  set migration = excluded.migration,
    checksum = excluded.checksum,
    state = 'applied',
    direction = 'up',
    origin = excluded.origin,
    tables = excluded.tables,
    failure = null,
    seconds = excluded.seconds,
    finished_at = excluded.finished_at,
    applied_by = excluded.applied_by;
  perform bellows.demand_plain_lease(by_holder, at_epoch);
end
$$;
