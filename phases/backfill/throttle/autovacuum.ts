import { quoteTable } from '#core/identifier';
import { measured, SLOW_AT, short } from './reading.js';
import { blind } from './sight.js';
import { defineSignal } from './signal.js';
import { LEAVES_OF } from './tables.js';

/** The leader's own vacuums are part of the pace. */
const VACUUMS = `
${LEAVES_OF}
select
  a.pid,
  coalesce(a.backend_type = 'autovacuum worker', false) as automatic,
  extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.query_start, clock_timestamp()))::float8 as seconds
from pg_stat_progress_vacuum p
join leaves on leaves.oid = p.relid
join pg_stat_activity a on a.pid = p.pid
where p.datname = current_database()
  and a.application_name not like 'bellows%'
order by seconds desc
limit 1`;

/** In the middle of where the pace slows: a lone worker rests for about as long as it works. */
const SLOW = SLOW_AT + 0.075;

/**
 * A vacuum works on the walked table: the pace gives way. It only slows, unless told for how many minutes of each vacuum
 * to hold: at default cost limits one of a large table takes hours, and a batch does not keep it from ending.
 */
export const autovacuum = defineSignal({
  id: 'autovacuum',
  defaultOn: true,
  limits: { holdMinutes: 0 },
  open:
    () =>
    async ({ database, run, limits: { holdMinutes } }) => {
      const unseen = await blind(database);
      if (unseen !== null) return unseen;
      const [row] = await database.query<{ pid: number; automatic: boolean; seconds: number }>(VACUUMS, [
        quoteTable(run.table),
      ]);
      if (row === undefined)
        return measured({ value: 0, limit: 1, text: 'no vacuum on the table', release: 'none begins' });
      const minutes = row.seconds / 60;
      const who = `${row.automatic ? 'autovacuum' : 'a vacuum'} (pid ${row.pid}) works on the table for ${short(minutes)} min`;
      const stop = minutes < holdMinutes;
      return {
        value: minutes,
        limit: holdMinutes,
        verdict: stop ? 'stop' : 'slow',
        utilisation: stop ? 1 : SLOW,
        text: `${who} (held for at most ${short(holdMinutes)} min)`,
        release: `it has ended, or after ${short(holdMinutes)} min`,
      };
    },
});
