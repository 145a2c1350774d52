/** As a migration file reads, checked by the compiler alone: each `@ts-expect-error` fails the type check when its line compiles. */
import {
  addCheck,
  addColumn,
  addForeignKey,
  addUnique,
  createIndex,
  defineMigration,
  dropColumn,
  dropTable,
  on,
  setNotNull,
  sql,
  statement,
} from 'pgbellows';

const first = addColumn('first_name', 'varchar(100)');

export const right = defineMigration({
  description: 'x',
  table: 'users',
  expand: [
    first,
    on('orders', addColumn('buyer', 'text')),
    createIndex(['first_name', sql`lower(a)`], { unique: true }),
  ],
  backfill: [
    { set: { first_name: sql`a` }, reverse: 'none' },
    { table: 'orders', set: { buyer: sql`b` } },
  ],
  contract: [setNotNull('first_name'), dropColumn('full_name'), dropTable('old'), addUnique(['first_name'])],
});

export const unseen = defineMigration({
  description: 'x',
  table: 'users',
  expand: [statement(sql`alter table users add column a int`, { reason: 'instant' })],
  backfill: { set: { a: sql`1` } },
});

// @ts-expect-error a drop in expand
defineMigration({ description: 'x', table: 'users', expand: [dropColumn('a')] });
// @ts-expect-error a tightening in expand
defineMigration({ description: 'x', table: 'users', expand: [setNotNull('a')] });
// @ts-expect-error a drop in expand, under another table
defineMigration({ description: 'x', expand: [on('orders', dropColumn('a'))] });
// @ts-expect-error an add in contract
defineMigration({ description: 'x', table: 'users', contract: [addColumn('a', 'int')] });
// @ts-expect-error an index in contract
defineMigration({ description: 'x', table: 'users', contract: [createIndex(['a'])] });
defineMigration({
  description: 'x',
  table: 'users',
  expand: [first],
  // @ts-expect-error a set of a column that expand does not add
  backfill: { set: { fist_name: sql`a` } },
});
defineMigration({
  description: 'x',
  table: 'users',
  expand: [first],
  // @ts-expect-error the same, in a list
  backfill: [{ set: { fist_name: sql`a` } }],
});
defineMigration({
  description: 'x',
  table: 'users',
  expand: [first],
  // @ts-expect-error a string where SQL is expected
  backfill: { set: { first_name: 'a' } },
});
// @ts-expect-error an option that there is not
defineMigration({ description: 'x', table: 'users', expand: [first], order: 1 });

// @ts-expect-error a string where SQL is expected
addCheck('positive', 'a > 0');
// @ts-expect-error a string where SQL is expected
addColumn('a', 'int', { default: '0' });
// @ts-expect-error an option that there is not
addColumn('a', 'int', { notNull: true });
// @ts-expect-error an option that there is not
createIndex(['a'], { concurrently: true });
// @ts-expect-error a string where SQL is expected
createIndex(['a'], { where: 'a > 0' });
// @ts-expect-error what it refers to
addForeignKey(['a'], {});
// @ts-expect-error no such action
addForeignKey(['a'], { references: 'users', onDelete: 'explode' });
// @ts-expect-error why it is safe
statement(sql`select 1`, {});
// @ts-expect-error a string where SQL is expected
statement('select 1', { reason: 'x' });
