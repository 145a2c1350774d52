/**
 * What the server says of itself and of the tables of the runs: catalogue and statistics only. No table is opened, so nothing
 * here waits for a lock that DDL holds, and nothing makes DDL wait.
 */
import type { Row, Session } from '#ports';

export interface ServerReading {
  /** WAL written so far, bytes; null on a standby. */
  readonly walBytes: number | null;
  readonly oldestTransactionSeconds: number;
  readonly replicas: readonly {
    readonly replica: string;
    readonly seconds: number;
    readonly bytes: number;
  }[];
}

/** All tables of a run and their partitions. */
export interface TablesReading {
  readonly deadTuples: number;
  readonly bytes: number;
  readonly invalidIndexes: number;
  /** Null while no index is built. */
  readonly indexProgress: number | null;
}

export interface TriggerReading {
  readonly present: boolean;
  /** Null where the server does not count calls. */
  readonly calls: number | null;
  readonly seconds: number | null;
}

const SERVER = `
select
  case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 end as "walBytes",
  (
    select coalesce(extract(epoch from clock_timestamp() - min(xact_start)), 0)::float8
    from pg_stat_activity
    where datname = current_database()
      and pid <> pg_backend_pid()
  ) as "oldestTransactionSeconds"`;

/** A standby that has replayed everything for a while has no lag to tell. */
const REPLICAS = `
select application_name as replica,
  max(coalesce(extract(epoch from replay_lag), 0))::float8 as seconds,
  max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::float8 as bytes
from pg_stat_replication
where replay_lsn is not null
  and not pg_is_in_recovery()
group by application_name`;

const TABLES = `
with recursive rel as (
  select runs.id as run, c.oid
  from bellows.runs
  cross join lateral jsonb_array_elements(runs.plan -> 'tables') as t
  join pg_namespace n on n.nspname = t ->> 'schema'
  join pg_class c on c.relnamespace = n.oid and c.relname = t ->> 'name'
  where runs.id = any($1::text[]::bigint[])
  union
  select rel.run, i.inhrelid
  from rel
  join pg_inherits i on i.inhparent = rel.oid
)
select rel.run::text as run,
  sum(pg_stat_get_dead_tuples(rel.oid))::float8 as "deadTuples",
  sum(c.relpages)::float8 * current_setting('block_size')::float8 as bytes,
  sum((select count(*) from pg_index i where i.indrelid = rel.oid and not i.indisvalid))::float8 as "invalidIndexes",
  max((
    select least(1, case
      when p.blocks_total > 0 then p.blocks_done::float8 / p.blocks_total
      when p.tuples_total > 0 then p.tuples_done::float8 / p.tuples_total
      else 0 end)
    from pg_stat_progress_create_index p
    where p.relid = rel.oid
      and p.datname = current_database()
    limit 1
  )) as "indexProgress"
from rel
join pg_class c on c.oid = rel.oid
group by rel.run`;

/** `A`: fires always, also for logical replication. */
const TRIGGERS = `
select runs.id::text as run,
  bool_and(stands.triggers = 2) as present,
  sum(pg_stat_get_function_calls(p.oid))::float8 as calls,
  sum(pg_stat_get_function_total_time(p.oid))::float8 / 1000 as seconds
from bellows.runs
cross join lateral jsonb_array_elements(runs.plan -> 'backfills') as b
cross join lateral (
  select count(*) as triggers
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = b -> 'table' ->> 'schema'
    and c.relname = b -> 'table' ->> 'name'
    and t.tgname in (b ->> 'insertTrigger', b ->> 'updateTrigger')
    and t.tgenabled = 'A'
) as stands
left join pg_proc p on p.proname = b ->> 'triggerFunction' and p.pronamespace = 'bellows'::regnamespace
where runs.id = any($1::text[]::bigint[])
  and b ->> 'kind' = 'synced'
  and (runs.plan ->> 'straight') is distinct from 'true'
group by runs.id`;

type OfRun<R> = R & Row & { readonly run: string };

export async function readServer(session: Session): Promise<ServerReading> {
  const [server] = await session.query<Omit<ServerReading, 'replicas'> & Row>(SERVER);
  const replicas = await session.query<ServerReading['replicas'][number] & Row>(REPLICAS);
  return { walBytes: null, oldestTransactionSeconds: 0, ...server, replicas };
}

/** By run id. */
export async function readTables(
  session: Session,
  runs: readonly string[],
): Promise<ReadonlyMap<string, TablesReading>> {
  return byRun(await session.query<OfRun<TablesReading>>(TABLES, [runs]));
}

/** By run id; runs without a sync trigger in their plan are not in it. */
export async function readTriggers(
  session: Session,
  runs: readonly string[],
): Promise<ReadonlyMap<string, TriggerReading>> {
  return byRun(await session.query<OfRun<TriggerReading>>(TRIGGERS, [runs]));
}

function byRun<R extends { readonly run: string }>(rows: readonly R[]): ReadonlyMap<string, R> {
  return new Map(rows.map((row) => [row.run, row]));
}
