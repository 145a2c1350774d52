import { BellowsError, EXIT } from '#core/errors';
import type { Blocker } from '#core/events';
import type { Session } from '#ports';
import { withoutLiterals } from './query-text.js';

interface ActivityRow extends Readonly<Record<string, unknown>> {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  readonly state: string;
  readonly age: number;
  readonly query: string;
}

/**
 * A session's row, under the alias `a`. An unnamed background process is called by its type (`autovacuum worker`). The age
 * is the transaction's, since that is how long its locks may be held. Foreign sessions are masked for a role without
 * pg_read_all_stats, so everything but the pid may be null.
 */
const ACTIVITY = `
  a.pid,
  coalesce(nullif(a.application_name, ''), a.backend_type, 'unknown') as application,
  coalesce(a.usename, 'unknown') as "user",
  coalesce(a.state, a.backend_type, 'unknown') as state,
  coalesce(extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.query_start, a.backend_start)), 0)::float8 as age,
  coalesce(a.query, '') as query`;

/** The sessions and prepared transactions that `pid` waits for, oldest first; empty when it does not wait. */
export async function blockersOf(session: Session, pid: number): Promise<readonly Blocker[]> {
  const rows = await session.query<ActivityRow>(
    `with blocking as (select distinct unnest(pg_blocking_pids($1)) as pid)
     select ${ACTIVITY}
     from pg_stat_activity a
     join blocking using (pid)
     order by age desc`,
    [pid],
  );
  // A prepared transaction has no process: pg_blocking_pids says 0 for it.
  const prepared = await session.query<ActivityRow>(
    `${PREPARED}
     and 0 = any (pg_blocking_pids($1))
     and exists (
       select from pg_locks w
       where w.pid = $1
       and not w.granted
       and w.locktype = l.locktype
       and w.relation is not distinct from l.relation
       and w.transactionid is not distinct from l.transactionid
     )
     order by age desc`,
    [pid],
  );
  return [...prepared, ...rows].map(blocker);
}

/** Who waits behind `pid`, longest first: what the application felt of an attempt. */
export async function queuedBehind(session: Session, pid: number): Promise<readonly Blocker[]> {
  const rows = await session.query<ActivityRow>(
    `select ${ACTIVITY}
     from pg_stat_activity a
     where a.wait_event_type = 'Lock'
     and $1 = any (pg_blocking_pids(a.pid))
     order by a.query_start`,
    [pid],
  );
  return rows.map(blocker);
}

/**
 * Two-phase commit: held by no session, surviving restarts, and ended by nobody but a person or a transaction manager. Its
 * locks are found by way of the one on its own transaction id: they keep the virtual transaction of the session that is gone.
 */
const PREPARED = `select distinct
    0 as pid,
    'prepared transaction ' || x.gid as application,
    x.owner::text as "user",
    'prepared' as state,
    extract(epoch from clock_timestamp() - x.prepared)::float8 as age,
    'held until COMMIT PREPARED or ROLLBACK PREPARED of its transaction' as query
  from pg_prepared_xacts x
  join pg_locks own on own.pid is null and own.locktype = 'transactionid' and own.transactionid = x.transaction
  join pg_locks l on l.pid is null and l.granted and l.virtualtransaction = own.virtualtransaction
  where x.database = current_database()`;

function blocker(row: ActivityRow): Blocker {
  const { pid, application, user, state, age, query } = row;
  return {
    pid,
    application,
    user,
    state,
    ageSeconds: Math.round(age * 10) / 10,
    query: withoutLiterals(query),
  };
}

/** `bellows kill` was refused; the server's sessions are as they were. */
export class KillError extends BellowsError {
  constructor(pid: number, what: string, why: string, next: string) {
    super('BELLOWS_KILL', { what, why, left: 'No session was ended.', next }, { pid }, EXIT.operation);
  }
}

interface Victim extends ActivityRow {
  readonly self: boolean;
  readonly client: boolean;
}

/**
 * Ends a session with pg_terminate_backend and waits up to 5 s until it is gone; its transaction is rolled back.
 * Returns what it was. Throws `KillError` where there is no such session, it is Bellows' own or a server process, or the
 * role may not.
 */
export async function endSession(session: Session, pid: number): Promise<Blocker> {
  const [victim] = await session.query<Victim>(
    `select ${ACTIVITY},
       a.pid = pg_backend_pid() as self,
       a.backend_type = 'client backend' as client
     from pg_stat_activity a
     where a.pid = $1`,
    [pid],
  );
  if (victim === undefined) {
    throw new KillError(
      pid,
      `There is no session with pid ${pid}.`,
      'It ended by itself, or the number is wrong.',
      'bellows status',
    );
  }
  refuseOwn(victim);
  await terminate(session, pid, victim.user);
  return blocker(victim);
}

function refuseOwn({ pid, self, client, application }: Victim): void {
  if (self || application.startsWith('bellows')) {
    const why = 'Ending it would make the leader or a worker lose its work and begin again.';
    throw new KillError(
      pid,
      `Session ${pid} is one of Bellows' own (${application}).`,
      why,
      'bellows pause <id>, or stop that process.',
    );
  }
  // Null for a masked session; the server then refuses by itself what the role may not.
  if (client === false) {
    const why = 'It works for the server; PostgreSQL starts and ends it by itself.';
    throw new KillError(
      pid,
      `Process ${pid} is no client but: ${application}.`,
      why,
      'Wait until it has finished.',
    );
  }
}

async function terminate(session: Session, pid: number, user: string): Promise<void> {
  const rows = await session
    .query<{ readonly ended: boolean }>('select pg_terminate_backend($1, 5000) as ended', [pid])
    .catch((error: unknown) => {
      if (!(error instanceof Error) || !('code' in error) || error.code !== '42501') throw error;
      const why = `It belongs to ${user}; ending it needs that role, or pg_signal_backend, or a superuser.`;
      throw new KillError(
        pid,
        `This role may not end session ${pid}.`,
        why,
        'grant pg_signal_backend to <role>, or let an administrator end it.',
      );
    });
  const gone = await session.query('select from pg_stat_activity where pid = $1', [pid]);
  if (rows[0]?.ended === true || gone.length === 0) return;
  const why = 'It was told to end, and has not come to a point where it can.';
  throw new KillError(
    pid,
    `Session ${pid} is still there after 5 seconds.`,
    why,
    'Look again in a moment: bellows status',
  );
}
