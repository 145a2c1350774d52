import { sql } from 'pgbellows';
import { renameColumn } from 'pgbellows/recipes';

/** `alter table … rename` breaks every deploy that runs; here both names hold the same until the old one is unused. */
export default renameColumn({
  table: 'orders',
  from: 'old_status',
  to: 'status',
  type: 'varchar(20)',
  default: sql`'pending'`,
  notNull: true,
  gate: { deployed: { app: '>=3' } },
});
