import type { Signal } from './signal.js';

/** Sessions of others that may wait for our locks at a time. */
const MAX_WAITERS = 5;
/** One session that waits for us this long stops the pace, whatever the count; milliseconds. A batch is shorter. */
const MAX_WAIT_MS = 1_000;

/**
 * pg_locks first: it is readable by every role, and only for its few waiters pg_blocking_pids is asked, which takes the
 * lock manager's locks. `waitstart` is null for a moment after a wait began.
 */
const WAITERS = `
select
  count(*)::integer as waiters,
  coalesce(max(extract(epoch from clock_timestamp() - w.since) * 1000), 0)::float8 as longest_ms
from (
  select l.pid, min(l.waitstart) as since
  from pg_locks l
  where not l.granted
  group by l.pid
) as w
join pg_stat_activity a on a.pid = w.pid
where a.application_name not like 'bellows%'
  and exists (
    select
    from unnest(pg_blocking_pids(w.pid)) as b (pid)
    join pg_stat_activity o on o.pid = b.pid
    where o.application_name like 'bellows%'
      and o.datname = current_database()
  )`;

/** Sessions that wait for a lock of ours. */
export const lockWaiters: Signal = {
  id: 'lock_waiters',
  defaultOn: true,
  read: async ({ database, limit }) => {
    const rows = await database.query<{ waiters: number; longest_ms: number }>(WAITERS);
    const { waiters = 0, longest_ms: longestMs = 0 } = rows[0] ?? {};
    const most = limit ?? MAX_WAITERS;
    const utilisation = Math.max(waiters / (most + 1), longestMs / MAX_WAIT_MS);
    return {
      value: waiters,
      limit: most,
      verdict: waiters > most || longestMs > MAX_WAIT_MS ? 'stop' : 'go',
      utilisation,
      text: `${waiters} sessions wait for us, the longest for ${Math.round(longestMs)} ms (limits: ${most} sessions, ${MAX_WAIT_MS} ms)`,
      release: `at most ${most} sessions wait for us, and none longer than ${MAX_WAIT_MS} ms`,
    };
  },
};
