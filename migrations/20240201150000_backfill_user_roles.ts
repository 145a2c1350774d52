import { defineMigration, sql } from 'pgbellows';

/** A fill without a second shape: `where` picks the rows, and `set` makes it false, so that the walk has an end. */
export default defineMigration({
  description: 'Users without a role get the default role',
  table: 'users',
  backfill: {
    set: { role_id: sql`2` },
    where: sql`role_id is null`,
  },
});
