import type { Row } from '#ports';

/** Everything that can keep a database from being dropped: sessions, prepared transactions, replication slots. */
const USERS = `
select format('pid %s (%s, user %s, %s)', pid, coalesce(nullif(application_name, ''), 'no name'), usename, coalesce(state, backend_type)) as one
from pg_catalog.pg_stat_activity
where datname = $1
and pid <> pg_catalog.pg_backend_pid()
union all
select format('prepared transaction %L of user %s', gid, owner)
from pg_catalog.pg_prepared_xacts
where database = $1
union all
select format('replication slot %L', slot_name)
from pg_catalog.pg_replication_slots
where database = $1
order by one`;

/** As phrases for a sentence; the server shows each of them to every role, if not always what it does. */
export async function usersOf(
  ask: <R extends Row>(text: string, values: readonly unknown[]) => Promise<readonly R[]>,
  database: string,
): Promise<readonly string[]> {
  const rows = await ask<{ readonly one: string }>(USERS, [database]);
  return rows.map(({ one }) => one);
}
