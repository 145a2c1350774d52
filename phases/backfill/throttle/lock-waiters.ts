import { measured, worstOf } from './reading.js';
import { defineSignal } from './signal.js';

/**
 * pg_locks first: it is readable by every role, and only for its few waiters pg_blocking_pids is asked, which takes the
 * lock manager's locks. `waitstart` is null for a moment after a wait began.
 */
const WAITERS = `
select
  count(*)::integer as waiters,
  coalesce(max(extract(epoch from clock_timestamp() - w.since)), 0)::float8 as longest
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

/** Sessions of the application that wait for a lock of ours. A batch is shorter than the second that one may wait. */
export const lockWaiters = defineSignal({
  id: 'lock_waiters',
  defaultOn: true,
  limits: { sessions: 5, seconds: 1 },
  open:
    () =>
    async ({ database, limits: { sessions, seconds } }) => {
      const [row] = await database.query<{ waiters: number; longest: number }>(WAITERS);
      const { waiters = 0, longest = 0 } = row ?? {};
      const wait = Math.round(longest * 1_000);
      return worstOf(
        measured({
          value: waiters,
          // The limit is what is allowed: one more stops.
          limit: sessions + 1,
          text: `${waiters} sessions wait for Bellows (limit ${sessions})`,
          release: `at most ${sessions} sessions wait for Bellows`,
        }),
        measured({
          value: longest,
          limit: seconds,
          text: `a session has waited for Bellows for ${wait} ms (limit ${Math.round(seconds * 1_000)} ms)`,
          release: 'that session waits no more',
        }),
      );
    },
});
