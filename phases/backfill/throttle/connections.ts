import { measured, short } from './reading.js';
import { defineSignal } from './signal.js';

/** For a role that may not see other sessions `backend_type` is null, and the database it is connected to is not. */
const CONNECTIONS = `
select
  (
    select count(*)
    from pg_stat_activity
    where datid is not null
      and coalesce(backend_type, 'client backend') = 'client backend'
  )::integer as used,
  current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - coalesce(current_setting('reserved_connections', true)::integer, 0) as most`;

/** Connections in use, of those that are not reserved. */
export const connections = defineSignal({
  id: 'connections',
  defaultOn: true,
  limits: { slowPercent: 80, percent: 90 },
  open:
    () =>
    async ({ database, limits }) => {
      const [row] = await database.query<{ used: number; most: number }>(CONNECTIONS);
      const { used = 0, most = 1 } = row ?? {};
      const percent = (100 * used) / Math.max(1, most);
      return measured({
        value: percent,
        slow: limits.slowPercent,
        limit: limits.percent,
        text: `${used} of ${most} connections are in use, ${short(percent)} % (limit ${short(limits.percent)} %)`,
        release: `less than ${short(limits.percent)} % of the connections are in use`,
      });
    },
});
