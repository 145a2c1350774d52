import { sql } from 'pgbellows';
import { addRequiredColumn } from 'pgbellows/recipes';

/** Old deploys go on inserting users without a locale: such a row gets the value too, also after the column is required. */
export default addRequiredColumn({
  table: 'users',
  column: 'locale',
  type: 'varchar(10)',
  value: sql`'en'`,
});
