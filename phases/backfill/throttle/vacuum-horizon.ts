import { inWords } from '#core/duration';
import { watchHorizon } from '../horizon.js';
import { measured } from './reading.js';
import { blind } from './sight.js';
import { defineSignal } from './signal.js';

/** Since when a vacuum of the walk is due and could not be done, in seconds; null: none is due. */
const DUE = `
select extract(epoch from clock_timestamp() - min(due_at))::float8 as seconds
from bellows.vacuums
join bellows.runs on runs.id = vacuums.run_id
where run_id = $1
  and coalesce((runs.pace ->> 'vacuum')::boolean, true)`;

/** The transactions that an application always has open are over by then. */
const DUE_SECONDS = 1;

/**
 * Something old keeps dead rows from being removed: each batch would add to them without end. A vacuum that is due makes
 * every older holder a hold at once, since the walk may only go on as far as its dead rows are reused.
 */
export const vacuumHorizon = defineSignal({
  id: 'vacuum_horizon',
  defaultOn: true,
  limits: { slowMinutes: 5, minutes: 30 },
  open: () => {
    const oldest = watchHorizon();
    return async ({ database, run, now, limits: { slowMinutes, minutes } }) => {
      const unseen = await blind(database);
      if (unseen !== null) return unseen;
      const holder = await oldest(database, now);
      if (holder === null) {
        return measured({
          value: 0,
          limit: minutes,
          text: 'nothing holds back vacuum',
          release: 'nothing does',
        });
      }
      const [due] = await database.query<{ seconds: number | null }>(DUE, [run.id]);
      const pins = due?.seconds != null && due.seconds >= DUE_SECONDS && holder.seconds > due.seconds;
      const value = holder.seconds / 60;
      const limit = pins ? Math.min(value, minutes) : minutes;
      const why = pins ? 'a vacuum of the walk is due' : `limit ${inWords(minutes * 60)}`;
      return measured({
        value,
        slow: Math.min(slowMinutes, limit),
        limit,
        text: `${holder.name} holds back vacuum for ${inWords(holder.seconds)} (${why})`,
        release: holder.release,
      });
    };
  },
});
