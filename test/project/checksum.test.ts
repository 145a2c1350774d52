import {
  addCheck,
  addColumn,
  addForeignKey,
  addUnique,
  createIndex,
  createTable,
  type Definition,
  dropColumn,
  dropTable,
  on,
  setNotNull,
  sql,
  statement,
} from 'pgbellows';
import { beforeAll, describe, expect, it } from 'vitest';
import { checksumOf } from '#core/checksum';
import type { CreateTable } from '#core/definition';
import { loadParser } from '#parser/load';
import { tokensOf } from '#parser/tokens';

beforeAll(loadParser);

const checksum = (definition: Definition) => checksumOf(definition, tokensOf);

const SPLIT: Definition = {
  description: 'First and last name become columns of their own',
  table: 'users',
  expand: [
    addColumn('first_name', 'varchar(100)'),
    addColumn('last_name', 'varchar(100)'),
    createIndex(['last_name']),
  ],
  backfill: {
    set: {
      first_name: sql`split_part(full_name, ' ', 1)`,
      last_name: sql`substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`,
    },
    reverse: { full_name: sql`concat_ws(' ', first_name, nullif(last_name, ''))` },
  },
  contract: [setNotNull('first_name'), setNotNull('last_name'), dropColumn('full_name')],
  gate: { soak: '24h', deployed: { api: '>=42' } },
};

const EVERYTHING: Definition = {
  description: 'One of each',
  expand: [
    on('sales.orders', addColumn('total', 'numeric(12, 2)', { default: sql`0` })),
    on(
      'orders',
      createIndex(['a', sql`lower("B")`], { name: 'i', unique: true, where: sql`a > 0`, using: 'gist' }),
    ),
    on('orders', addCheck('positive', sql`a > 0 and note <> 'a -- b'`)),
    on('orders', addForeignKey(['user_id'], { references: 'users', name: 'fk', onDelete: 'cascade' })),
    on('orders', addUnique(['a', 'b'], { name: 'u' })),
    statement(sql`alter table x set (fillfactor = 90)`, {
      reason: 'instant',
      undo: sql`alter table x reset (fillfactor)`,
    }),
  ],
  backfill: [
    { table: 'orders', set: { a: sql`1` }, where: sql`a is null`, triggers: 'skip' },
    { table: 'sales.orders', set: { total: sql`net * 1.19` }, reverse: 'none' },
  ],
  contract: [dropTable('old')],
  gate: { queries: { none: sql`select 1 where false` } },
};

describe('checksumOf', () => {
  // A run in flight carries such a checksum: if one of these changes, every run in flight stops with drift.
  it('is what it was in every earlier version', () => {
    expect(
      [SPLIT, EVERYTHING, { description: '', table: 't', expand: [createIndex(['a'])] }].map(checksum),
    ).toEqual([
      '442a129d0fb1fc330c2d6f550fa39b35f5e35a9d2252a3f593996a0aab50d910',
      'b71bc42376e28fbc7fd128d7d0d535629aa81f4cb7fb8dcb9e28cecf1a31a8e6',
      '58418d7a509ce527bdcfb915aa10125821a60de5cc40b777308fc94f1bc49c30',
    ]);
  });

  it('is free of formatting, prose, order of keys, and defaults that are written out', () => {
    const same: Definition = {
      gate: { deployed: { api: '>=42' }, soak: '1d', queries: {} },
      contract: [setNotNull('first_name'), on('users', setNotNull('last_name')), dropColumn('full_name')],
      backfill: [
        {
          table: 'public.users',
          reverse: { full_name: sql`concat_ws(' ', first_name, nullif(last_name, ''))` },
          set: {
            last_name: sql`SUBSTR(full_name,
              length(split_part(full_name,' ',1)) + 2) -- the rest`,
            first_name: sql`split_part( /* up to the blank */ Full_Name, ' ', 1)`,
          },
        },
      ],
      expand: [
        { ...addColumn('first_name', 'VARCHAR( 100 )'), table: 'users' },
        on('public.users', addColumn('last_name', 'varchar(100)')),
        createIndex(['last_name'], { unique: false, using: 'btree' }),
      ],
      table: 'users',
      description: 'Said in other words',
    };
    expect(checksum(same)).toBe(checksum(SPLIT));
    const reasoned =
      EVERYTHING.expand?.map((o) => (o.kind === 'statement' ? { ...o, reason: 'other' } : o)) ?? [];
    expect(checksum({ ...EVERYTHING, expand: reasoned })).toBe(checksum(EVERYTHING));
  });

  const copying = (over: object = {}): Definition => ({
    description: 'x',
    table: 'users',
    backfill: {
      copy: { into: 'profiles', key: { user_id: 'id' }, set: { bio: sql`trim(bio)`, born: sql`1` }, ...over },
    },
  });

  it('of a table that is made counts its columns, their order and its key', () => {
    const making = (columns: CreateTable['columns'], primaryKey = ['id']): string =>
      checksum({ description: 'x', expand: [createTable('t', { columns, primaryKey })] });
    const base = making({ id: 'bigint', at: { type: 'timestamptz', default: sql`now()` } });
    expect(
      making({ id: { type: 'BIGINT', notNull: false }, at: { type: 'timestamptz', default: sql`NOW( )` } }),
    ).toBe(base);
    const others = [
      making({ at: { type: 'timestamptz', default: sql`now()` }, id: 'bigint' }),
      making({ id: 'bigint', at: 'timestamptz' }),
      making({ id: 'integer', at: { type: 'timestamptz', default: sql`now()` } }),
      making({ id: 'bigint', at: { type: 'timestamptz', default: sql`now()`, notNull: true } }),
      making({ id: 'bigint', at: { type: 'timestamptz', default: sql`now()` } }, ['id', 'at']),
    ];
    expect(new Set([base, ...others]).size).toBe(6);
  });

  it('of a copy is free of formatting, and of nothing that it means', () => {
    const same = copying({ into: 'public.profiles', set: { born: sql`1`, bio: sql`TRIM( bio ) -- it` } });
    expect(checksum(same)).toBe(checksum(copying()));
    const others = [
      { into: 'sales.profiles' },
      { key: { user_id: 'uid' } },
      { key: { id: 'id' } },
      { set: { bio: sql`trim(bio)` } },
      { where: sql`bio is not null` },
      { others: 'keep' },
    ].map((over) => checksum(copying(over)));
    expect(new Set([checksum(copying()), ...others]).size).toBe(7);
  });

  const [first, second, index] = SPLIT.expand ?? [];
  const backfill = SPLIT.backfill as Exclude<Definition['backfill'], undefined> & { set: object };
  it.each<[string, Partial<Definition>]>([
    ['another table', { table: 'people' }],
    ['another schema', { table: 'sales.users' }],
    ['the order of operations', { expand: [second, first, index] as never }],
    ['one operation fewer', { expand: [first, second] as never }],
    ['a type', { expand: [addColumn('first_name', 'varchar(101)'), second, index] as never }],
    [
      'a default',
      { expand: [addColumn('first_name', 'varchar(100)', { default: sql`''` }), second, index] as never },
    ],
    [
      'an index made unique',
      { expand: [first, second, createIndex(['last_name'], { unique: true })] as never },
    ],
    [
      'a literal',
      {
        backfill: {
          ...backfill,
          set: { ...backfill.set, first_name: sql`split_part(full_name, '  ', 1)` },
        } as never,
      },
    ],
    [
      'the case of a quoted name',
      {
        backfill: {
          ...backfill,
          set: { ...backfill.set, first_name: sql`split_part("Full_name", ' ', 1)` },
        } as never,
      },
    ],
    ['two mappings swapped', { backfill: { ...backfill, set: swapped(backfill.set) } as never }],
    ['no reverse', { backfill: { set: backfill.set } as never }],
    ['reverse none', { backfill: { ...backfill, reverse: 'none' } as never }],
    ['triggers', { backfill: { ...backfill, triggers: 'fire' } as never }],
    ['the order', { backfill: { ...backfill, order: 'newest first' } as never }],
    ['the contract', { contract: [dropColumn('full_name')] }],
    ['the soak', { gate: { soak: '25h', deployed: { api: '>=42' } } }],
    ['a deploy', { gate: { soak: '24h', deployed: { api: '>=43' } } }],
  ])('changes with %s', (_, change) => {
    expect(checksum({ ...SPLIT, ...change })).not.toBe(checksum(SPLIT));
  });

  it('does not join tokens: `a b` and `ab` differ', () => {
    const check = (text: ReturnType<typeof sql>) =>
      checksum({ description: '', expand: [on('t', addCheck('c', text))] });
    expect(check(sql`a || b`)).not.toBe(check(sql`a | | b`));
    expect(check(sql`not a`)).not.toBe(check(sql`nota`));
  });
});

function swapped(set: object): object {
  const [a, b] = Object.values(set);
  return { first_name: b, last_name: a };
}
