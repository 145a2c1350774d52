import { addForeignKey, createTable, defineMigration, dropColumn, on, sql } from 'pgbellows';

/**
 * Two columns become a table of their own. What deploys write to the columns is carried over in the same transaction, so
 * from the gate on others may read the table. The last ones before contract write the table alone, by `insert … on conflict …
 * do update`: a new user has a row there already, with the defaults of the columns.
 */
export default defineMigration({
  description: 'What a user may do becomes a table of its own',
  table: 'users',
  expand: [
    createTable('user_access', {
      columns: {
        user_id: 'bigint',
        role_id: 'bigint',
        is_active: { type: 'boolean', notNull: true, default: sql`true` },
      },
      primaryKey: ['user_id'],
    }),
  ],
  backfill: {
    copy: {
      into: 'user_access',
      key: { user_id: 'id' },
      set: { role_id: sql`role_id`, is_active: sql`is_active` },
    },
  },
  contract: [
    // Until now the trigger took a user's row along.
    on('user_access', addForeignKey(['user_id'], { references: 'users', onDelete: 'cascade' })),
    dropColumn('role_id'),
    dropColumn('is_active'),
  ],
  // The first version that writes the table alone: the columns are not there any more.
  gate: { deployed: { app: '>=5' } },
});
