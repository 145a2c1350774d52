/** Checked by the compiler alone: each `@ts-expect-error` fails the type check when its line compiles. */
import {
  type AddColumn,
  type ContractOperation,
  type DropColumn,
  defineMigration,
  type ExpandOperation,
} from '#core/definition';
import { type Sql, sql } from '#core/sql';

const add: AddColumn<'first_name'> = { kind: 'addColumn', column: 'first_name', type: 'text' };
const drop: DropColumn = { kind: 'dropColumn', column: 'full_name' };

export const right = defineMigration({
  description: 'x',
  table: 'users',
  expand: [add, { kind: 'addColumn', column: 'last_name', type: 'text', default: sql`''` }],
  backfill: {
    set: { first_name: sql`a`, last_name: sql`b` },
    reverse: { full_name: sql`first_name` },
    triggers: 'fire',
  },
  contract: [{ kind: 'setNotNull', column: 'first_name' }, drop],
  gate: { soak: '24h', deployed: { api: '>=42' }, queries: { none: sql`select 1 where false` } },
});

export const plain = defineMigration({
  description: 'x',
  table: 'users',
  backfill: { set: { anything: sql`1` }, where: sql`anything is null`, order: 'newest first' },
});
defineMigration({
  description: 'x',
  table: 'users',
  // @ts-expect-error an order that there is not
  backfill: { set: { anything: sql`1` }, where: sql`anything is null`, order: 'oldest first' },
});

export const purge = defineMigration({
  description: 'x',
  table: 'events',
  backfill: { delete: sql`at < now() - interval '1 year'`, triggers: 'fire', order: 'newest first' },
});
defineMigration({
  description: 'x',
  table: 'events',
  // @ts-expect-error what is deleted is not filled as well
  backfill: { delete: sql`true`, set: { a: sql`1` } },
});
defineMigration({
  description: 'x',
  table: 'events',
  // @ts-expect-error `delete` says which rows
  backfill: { delete: sql`true`, where: sql`a is null` },
});
// @ts-expect-error a string is not SQL
defineMigration({ description: 'x', table: 'events', backfill: { delete: 'true' } });

export const copy = defineMigration({
  description: 'x',
  table: 'users',
  backfill: {
    copy: {
      into: 'profiles',
      key: { user_id: 'id' },
      set: { bio: sql`bio` },
      where: sql`bio is not null`,
      others: 'keep',
    },
    triggers: 'fire',
  },
});
defineMigration({
  description: 'x',
  table: 'users',
  // @ts-expect-error a key is a column, whose index is looked for, and no expression
  backfill: { copy: { into: 'profiles', key: { user_id: sql`id` }, set: { bio: sql`bio` } } },
});
defineMigration({
  description: 'x',
  table: 'users',
  // @ts-expect-error what goes to another table does not fill its own as well
  backfill: {
    copy: { into: 'profiles', key: { user_id: 'id' }, set: { bio: sql`bio` } },
    set: { a: sql`1` },
  },
});

// @ts-expect-error a drop belongs into contract
export const dropInExpand: ExpandOperation = drop;
// @ts-expect-error an add belongs into expand
export const addInContract: ContractOperation = add;
// @ts-expect-error a string is not SQL
export const rawString: Sql = 'select 1';

// @ts-expect-error nothing is done without a description
defineMigration({ table: 'users', expand: [add] });
// @ts-expect-error an option that there is not
defineMigration({ description: 'x', tabel: 'users', expand: [add] });
defineMigration({
  description: 'x',
  table: 'users',
  expand: [add],
  // @ts-expect-error a backfill without where fills only what expand adds
  backfill: { set: { last_name: sql`a` } },
});
// @ts-expect-error and expand adds nothing here
defineMigration({ description: 'x', table: 'users', backfill: { set: { last_name: sql`a` } } });
defineMigration({
  description: 'x',
  table: 'users',
  expand: [add],
  // @ts-expect-error reverse is SQL by column, or 'none'
  backfill: { set: { first_name: sql`a` }, reverse: 'nothing' },
});
defineMigration({
  description: 'x',
  // @ts-expect-error there is no reverse of a plain fill
  backfill: { set: { a: sql`1` }, where: sql`a is null`, reverse: { b: sql`a` } },
});
// @ts-expect-error a duration has a unit
defineMigration({ description: 'x', table: 'users', expand: [add], gate: { soak: '24' } });
// @ts-expect-error an option of the gate that there is not
defineMigration({ description: 'x', table: 'users', expand: [add], gate: { soack: '24h' } });
