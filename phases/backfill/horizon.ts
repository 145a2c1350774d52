/** What keeps VACUUM from removing dead rows: the oldest snapshot, transaction, prepared transaction or standby. */
import type { Session } from '#ports';

export interface Holder {
  /** `pid 4711 (reports, idle in transaction)`. */
  readonly name: string;
  readonly seconds: number;
  /** What lets it go, in words. */
  readonly release: string;
}

/**
 * Sessions of this database that have a snapshot or a transaction id, without vacuums, which hold nothing back; prepared
 * transactions; and the rows that a standby asks to be kept, by its slot or by itself. Those show no time, only how old in
 * transactions they are: their seconds are null, and whoever asks has to remember since when.
 */
const HOLDERS = `
select
  'session' as kind,
  a.pid::text as name,
  format('pid %s (%s, %s)', a.pid, coalesce(nullif(a.application_name, ''), a.usename), coalesce(a.state, a.backend_type)) as text,
  null as xmin,
  extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds
from pg_stat_activity a
where a.datname = current_database()
  and (a.backend_xmin is not null or a.backend_xid is not null)
  and a.xact_start is not null
  and a.pid <> pg_backend_pid()
  and a.backend_type <> 'autovacuum worker'
  and not exists (select from pg_stat_progress_vacuum v where v.pid = a.pid)
union all
select 'prepared', gid, format('prepared transaction %s', gid), null,
  extract(epoch from clock_timestamp() - prepared)::float8
from pg_prepared_xacts
where database = current_database()
union all
select 'slot', slot_name, format('slot %s', slot_name), xmin::text, null
from pg_replication_slots
where xmin is not null
  and age(xmin) > 0
union all
select 'standby', r.application_name, format('standby %s', r.application_name), r.backend_xmin::text, null
from pg_stat_replication r
where r.backend_xmin is not null
  and age(r.backend_xmin) > 0`;

interface HolderRow extends Readonly<Record<string, unknown>> {
  readonly kind: 'session' | 'prepared' | 'slot' | 'standby';
  readonly name: string;
  readonly text: string;
  readonly xmin: string | null;
  readonly seconds: number | null;
}

const RELEASES: Readonly<Record<HolderRow['kind'], (name: string) => string>> = {
  session: (pid) => `its transaction ends, or bellows kill ${pid} ends it`,
  prepared: (gid) => `commit prepared or rollback prepared ends ${gid}`,
  slot: (name) => `the standby of slot ${name} ends its query, or the slot is dropped`,
  standby: (name) => `the long query on ${name} ends (hot_standby_feedback is on)`,
};

export type ReadHorizon = (session: Session, now: number) => Promise<Holder | null>;

/** Begins to watch; each call tells the oldest holder, null: nothing holds the horizon. */
export function watchHorizon(): ReadHorizon {
  let seen: ReadonlyMap<string, { readonly xmin: string; readonly since: number }> = new Map();
  return async (session, now) => {
    const rows = await session.query<HolderRow>(HOLDERS);
    const key = ({ kind, name }: HolderRow) => `${kind} ${name}`;
    const since = (row: HolderRow) => {
      const before = seen.get(key(row));
      return before !== undefined && before.xmin === row.xmin ? before.since : now;
    };
    seen = new Map(
      rows.flatMap((row) =>
        row.xmin === null ? [] : [[key(row), { xmin: row.xmin, since: since(row) }] as const],
      ),
    );
    const holders = rows.map((row) => ({
      name: row.text,
      seconds: row.seconds ?? (now - (seen.get(key(row))?.since ?? now)) / 1_000,
      release: RELEASES[row.kind](row.name),
    }));
    return holders.toSorted((a, b) => b.seconds - a.seconds)[0] ?? null;
  };
}
