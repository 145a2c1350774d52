import { quoteTable } from '#core/identifier';
import { measured, short } from './reading.js';
import { defineSignal } from './signal.js';
import { LEAVES_OF } from './tables.js';

const DEAD = `
${LEAVES_OF}
select
  coalesce(sum(s.n_dead_tup), 0)::float8 as dead,
  coalesce(sum(s.n_live_tup), 0)::float8 as live
from leaves
join pg_stat_all_tables s on s.relid = leaves.oid`;

/** Dead rows of the walked table: those that a batch leaves behind are reused only once they were vacuumed. */
export const deadTuples = defineSignal({
  id: 'dead_tuples',
  defaultOn: true,
  // A small table is never worth a hold.
  limits: { percent: 20, rows: 10_000 },
  open:
    () =>
    async ({ database, run, limits }) => {
      const [row] = await database.query<{ dead: number; live: number }>(DEAD, [quoteTable(run.table)]);
      const { dead = 0, live = 0 } = row ?? {};
      const percent = dead < limits.rows ? 0 : (100 * dead) / Math.max(1, dead + live);
      return measured({
        value: percent,
        limit: limits.percent,
        text: `${short(percent)} % of the table's rows are dead, ${Math.round(dead)} (limit ${short(limits.percent)} %)`,
        release: `the table is vacuumed, and less than ${short(limits.percent)} % are dead`,
      });
    },
});
