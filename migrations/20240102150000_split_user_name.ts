import { addColumn, createIndex, defineMigration, dropColumn, setNotNull, sql } from 'pgbellows';

/**
 * One column becomes two. Deploys that know `full_name` and deploys that know `first_name` and `last_name` write to the
 * same rows until the gate opens, and each reads what the other wrote.
 */
export default defineMigration({
  description: 'First and last name become columns of their own',
  table: 'users',
  expand: [
    addColumn('first_name', 'varchar(100)'),
    addColumn('last_name', 'varchar(100)'),
    createIndex(['first_name'], { name: 'idx_users_first_name' }),
    createIndex(['last_name'], { name: 'idx_users_last_name' }),
  ],
  backfill: {
    set: {
      first_name: sql`split_part(full_name, ' ', 1)`,
      // Everything behind the first blank; the empty string where there is none.
      last_name: sql`substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`,
    },
    reverse: {
      full_name: sql`concat_ws(' ', first_name, nullif(last_name, ''))`,
    },
  },
  contract: [setNotNull('first_name'), setNotNull('last_name'), dropColumn('full_name')],
  // In production also a soak, e.g. '24h': the time in which a deploy may still be taken back.
  gate: { deployed: { app: '>=3' } },
});
