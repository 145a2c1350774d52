import { measured, short } from './reading.js';
import { blind } from './sight.js';
import { defineSignal } from './signal.js';

const ACTIVE = `
select count(*)::integer as active
from pg_stat_activity
where state = 'active'
  and backend_type = 'client backend'
  and application_name not like 'bellows%'`;

/** A server that was idle when it was first looked at must not stop at its third session. */
const LEAST = 10;

/** Sessions that run a statement, against a number, or (0) against twice of what was seen at first. */
export const activeSessions = defineSignal({
  id: 'active_sessions',
  defaultOn: false,
  limits: { sessions: 0 },
  open: () => {
    let first: number | null = null;
    return async ({ database, limits }) => {
      const unseen = await blind(database);
      if (unseen !== null) return unseen;
      const [row] = await database.query<{ active: number }>(ACTIVE);
      const active = row?.active ?? 0;
      first ??= active;
      const limit = limits.sessions > 0 ? limits.sessions : Math.max(LEAST, first * 2);
      return measured({
        value: active,
        // The published factors over a baseline are 1.2 to slow and 2 to stop.
        slow: limit * 0.6,
        limit,
        text: `${active} sessions are active (limit ${short(limit)})`,
        release: `fewer than ${short(limit)} sessions are active`,
      });
    };
  },
});
