import { sql } from 'pgbellows';
import { addRequiredColumn } from 'pgbellows/recipes';

/** Deploys that do not know the column go on inserting users, and their rows get the value too, until the gate opens. */
export default addRequiredColumn({
  table: 'users',
  column: 'locale',
  type: 'varchar(10)',
  value: sql`'en'`,
  // From contract on every insert must name a locale: the deploys that do not must be gone.
  gate: { deployed: { app: '>=4' } },
});
