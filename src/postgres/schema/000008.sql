-- The record of a plain SQL migration, made last before its commit. Functions, since their statements are planned once for a session and
-- not once for a migration; and since one of them fails where the lease is lost, so that nothing sent behind it is run.
-- Where the transaction holds one statement alone, the server measures it: the transaction began when the message with its BEGIN was
-- read, and the statement had ended when the message with the record was. Nobody has to be asked then, and the next file can be sent
-- behind the commit of this one.
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

-- `at_line` null: `in_seconds` and what is in `with_detail` is what was measured. Else what it measured is what it returns.
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
  in_seconds double precision,
  at_line integer,
  with_locks jsonb
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  measured jsonb;
begin
  if at_line is not null then
    in_seconds := extract(epoch from clock_timestamp() - transaction_timestamp());
    measured := jsonb_build_object(
      'line', at_line,
      'ms', round(extract(epoch from statement_timestamp() - transaction_timestamp()) * 1000, 1)
    );
    if with_locks is not null then
      measured := measured || jsonb_build_object('locks', (
        select jsonb_agg(lock.value || jsonb_build_object('heldMs', round((in_seconds * 1000)::numeric, 1)))
        from jsonb_array_elements(with_locks) lock
      ));
    end if;
    with_detail := with_detail || jsonb_build_object(
      'seconds', in_seconds,
      'statementCount', 1,
      'statements', jsonb_build_array(measured)
    );
  end if;
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
  return measured || jsonb_build_object('seconds', in_seconds);
end
$$;
