/** What the file says beside the schema: rows of the migrations table, runs in flight, what is left out. */
import { parseTable } from '#core/identifier';
import type { Session } from '#ports';
import type { MigrationRows, RunInFlight } from './text.js';

/**
 * Every version in dbmate's table, in order; null where there is no such table, or one that another tool has put more into:
 * a row of a version alone would be refused.
 *
 * @param name `table` or `schema.table`
 */
export async function readRows(session: Session, name: string): Promise<MigrationRows | null> {
  const { schema, name: bare } = parseTable(name);
  const [table] = await session.query<{ table: string }>(
    `select format('%I.%I', n.nspname, c.relname) as table
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1
     and c.relname = $2
     and c.relkind in ('r', 'p')
     and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'version')
     and not exists (
       select from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and a.attname <> 'version' and a.attnotnull and not a.atthasdef
     )`,
    [schema, bare],
  );
  if (table === undefined) return null;
  const rows = await session.query<{ version: string }>(
    `select version::text as version
     from ${table.table}
     order by version::text collate "C"`,
  );
  return { table: table.table, versions: rows.map(({ version }) => version) };
}

/** Migrations that are begun and not through: the schema holds what they have added so far. */
export async function readRuns(session: Session): Promise<readonly RunInFlight[]> {
  const [there] = await session.query<{ there: boolean }>(
    `select to_regclass('bellows.runs') is not null and has_schema_privilege('bellows', 'usage')
       and has_table_privilege('bellows.runs', 'select') as there
     where to_regnamespace('bellows') is not null`,
  );
  if (there?.there !== true) return [];
  return session.query<RunInFlight & Record<string, unknown>>(
    `select distinct on (migration) migration, state_kind as state
     from bellows.runs
     where state_kind not in ('pending', 'done', 'rolled_back')
     order by migration, id desc`,
  );
}

/** What no schema file should hold, by name: secrets, what belongs to one server, what a failed build left behind. */
export async function readLeftOut(session: Session): Promise<readonly string[]> {
  const rows = await session.query<{ what: string }>(LEFT_OUT);
  return rows.map(({ what }) => what);
}

const LEFT_OUT = `
with users as (
  select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'bellows', 'bullmq')
)
select what
from (
  select format('user mapping of %I on server %I: it may hold a password', coalesce(nullif(u.usename, ''), 'PUBLIC'), u.srvname) as what
  from pg_user_mappings u
  union all
  select format('subscription %I: its connection may hold a password', s.subname)
  from pg_subscription s
  where s.subdbid = (select oid from pg_database where datname = current_database())
  union all
  select format('tablespace %I of %s: it belongs to one server', t.spcname, c.oid::regclass)
  from users c join pg_tablespace t on t.oid = c.reltablespace
  union all
  select format('index %s: it is invalid, left behind by a failed CREATE INDEX CONCURRENTLY', c.oid::regclass)
  from users c join pg_index i on i.indexrelid = c.oid
  where not i.indisvalid and c.relkind = 'i' and c.relname !~ '^_bellows_'
  union all
  select format('security label on %s', pg_describe_object(l.classoid, l.objoid, l.objsubid))
  from pg_seclabel l
) found
order by what collate "C"`;
