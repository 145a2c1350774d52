import type { RoutineFacts, ServerFacts } from '#core/catalogue-facts';
import type { Session } from '#ports';

interface ServerRow extends Readonly<Record<string, unknown>> {
  readonly versionNumber: number;
  readonly role: string;
  readonly superuser: boolean;
  readonly deadlock: number;
  readonly deadlockDefault: number;
  readonly deadlockIsOurs: boolean;
  readonly lower: readonly string[];
}

export async function readServer(tx: Session): Promise<ServerFacts> {
  const [row] = await tx.query<ServerRow>(
    `select current_setting('server_version_num')::int as "versionNumber",
       current_user::text as role,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       s.setting::int as deadlock,
       s.boot_val::int as "deadlockDefault",
       s.source in ('database', 'user', 'database user', 'client', 'session') as "deadlockIsOurs",
       array(
         select split_part(c.setting, '=', 2)
         from pg_db_role_setting r
         cross join lateral unnest(r.setconfig) as c (setting)
         where r.setdatabase in (0, (select oid from pg_database where datname = current_database()))
         and c.setting like 'deadlock\\_timeout=%'
       ) as lower
     from pg_settings s
     where s.name = 'deadlock_timeout'`,
  );
  if (row === undefined) throw new Error('pg_settings has no deadlock_timeout');
  // A value of our own role hides the server's; other roles may then be at PostgreSQL's default.
  const servers = row.deadlockIsOurs ? [row.deadlock, row.deadlockDefault] : [row.deadlock];
  const applications = [...servers, ...row.lower.map(milliseconds)];
  return {
    versionNumber: row.versionNumber,
    deadlockTimeoutMs: row.deadlock,
    canSkipTriggers: row.superuser || (await mayBeReplica(tx, row.versionNumber)),
    role: row.role,
    applicationDeadlockTimeoutMs: Math.min(...applications),
  };
}

/** PostgreSQL 15 made settings grantable; before, session_replication_role was the superusers'. */
async function mayBeReplica(tx: Session, versionNumber: number): Promise<boolean> {
  if (versionNumber < 150_000) return false;
  const [row] = await tx.query<{ readonly may: boolean }>(
    `select has_parameter_privilege(current_user, 'session_replication_role', 'SET') as may`,
  );
  return row?.may === true;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A setting as ALTER ROLE keeps it: `500ms`, `2s`, or a bare number of milliseconds. */
function milliseconds(setting: string): number {
  const match = /^\s*'?([\d.]+)\s*(us|ms|s|min|h|d|)'?\s*$/.exec(setting);
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1);
}

/** Functions by name, `lower` or `app.full_name`; volatile when any of its overloads is. Unknown names are left out. */
export async function readRoutines(tx: Session, names: readonly string[]): Promise<readonly RoutineFacts[]> {
  return tx.query<RoutineFacts & Readonly<Record<string, unknown>>>(
    `select asked.name,
       array_agg(distinct n.nspname::text order by n.nspname::text) as schemas,
       bool_or(p.provolatile = 'v') as volatile
     from unnest($1::text[]) as asked (name)
     join pg_proc p
       on p.proname::text = asked.name
       or p.proname::text = split_part(asked.name, '.', 2)
     join pg_namespace n on n.oid = p.pronamespace
     where p.proname::text = asked.name
     or n.nspname::text = split_part(asked.name, '.', 1)
     group by asked.name
     order by asked.name`,
    [[...new Set(names)]],
  );
}

/** Those of the type names that are PostgreSQL's own; a bare name is looked up in pg_catalog before any other schema. */
export async function readBuiltInTypes(tx: Session, types: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.query<{ readonly name: string }>(
    `select distinct asked.name
     from unnest($1::text[]) as asked (name)
     join pg_type t on t.typname::text = regexp_replace(asked.name, '^pg_catalog\\.|(\\[\\])+$', '', 'g')
     where t.typnamespace = 'pg_catalog'::regnamespace
     order by asked.name`,
    [[...types]],
  );
  return rows.map(({ name }) => name);
}
