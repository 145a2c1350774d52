import {
  addCheck,
  addColumn,
  addForeignKey,
  createIndex,
  dropColumn,
  dropTable,
  on,
  setNotNull,
  sql,
  statement,
} from 'pgbellows';
import { addRequiredColumn, renameColumn } from 'pgbellows/recipes';
import { beforeAll, describe, expect, it } from 'vitest';
import { expressionKey } from '#core/analysed-migration';
import { DefinitionError } from '#core/errors';
import { loadParser } from '#parser/load';
import { analysedMigration } from '#project/load-migration';
import type { Problem } from '#project/problems';

beforeAll(loadParser);

const FILE = { id: '20240101000000_x', file: 'migrations/20240101000000_x.ts' };

function problemsOf(exported: unknown): readonly string[] {
  try {
    analysedMigration(exported, FILE);
    return [];
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    expect(error.message).toContain(FILE.file);
    return (error.data.problems as readonly Problem[]).map(({ path, message }) => `${path}: ${message}`);
  }
}

const users = (rest: object) => ({ description: 'x', table: 'users', ...rest });

describe('the shape', () => {
  it('reports everything at once, each with its path', () => {
    expect(
      problemsOf({
        descripton: 'x',
        table: 'a'.repeat(64),
        expand: [
          { ...addColumn('first_name', 'text'), defualt: sql`''` },
          { kind: 'addColumn', column: 7, type: '' },
          { kind: 'addColumn', column: 'é'.repeat(32), type: 'bigserial' },
          dropColumn('full_name'),
          { kind: 'addIndex' },
          'addColumn',
          addCheck('positive', 'amount > 0' as never),
          createIndex([], { unique: 'yes' as never, using: '' }),
          createIndex([5 as never]),
          addForeignKey(['a'], { references: '.x', onDelete: 'explode' as never }),
          statement(sql`select 1`, { reason: ' ' }),
        ],
        backfill: [{ set: { a: 'upper(b)', ['b'.repeat(70)]: sql`1` }, trigger: 'fire' }, { set: {} }, 5],
        contract: [addColumn('x', 'int'), { kind: 'dropColumn' }, { ...dropColumn('y'), keep: '7d' }],
        gate: {
          soak: '1 day',
          deployed: { api: '>=main', web: '>=1.2.10', cli: '=2024-05-a' },
          queries: { q: 'select 1' },
          soack: 1,
        },
      }),
    ).toMatchInlineSnapshot(`
      [
        "description: is missing",
        "table: is 64 bytes long; PostgreSQL cuts names after 63 silently",
        "descripton: unknown option; did you mean "description"?",
        "expand[0].defualt: unknown option; did you mean "default"?",
        "expand[1].column: must be a string, not a number",
        "expand[1].type: must not be empty",
        "expand[2].column: is 64 bytes long; PostgreSQL cuts names after 63 silently",
        "expand[2].type: must not be a serial: its default is volatile, and adding it rewrites the table; add an integer, and fill it in \`backfill\`",
        "expand[3]: dropColumn belongs into \`contract\`: deploys that are running still need what it takes away or demands",
        "expand[4].kind: "addIndex" is no operation; known are: addColumn, createTable, createIndex, addCheck, addForeignKey, addUnique, statement",
        "expand[5]: must be an operation such as addColumn(…), not a string",
        "expand[6].check: must be SQL, not a string: write sql\`…\`",
        "expand[7].columns: must name at least one column",
        "expand[7].unique: must be a boolean, not a string",
        "expand[7].using: must not be empty",
        "expand[8].columns[0]: must be the name of a column, or SQL for an expression: sql\`…\`",
        "expand[9].references: must not be empty",
        "expand[9].onDelete: must be "no action" or "restrict" or "cascade" or "set null" or "set default"",
        "expand[10].reason: must say why this is safe on a table in use",
        "backfill[0].set.a: must be SQL, not a string: write sql\`…\`",
        "backfill[0].trigger: unknown option; did you mean "triggers"?",
        "backfill[1].set: must set at least one column",
        "backfill[2]: must be an object, not a number",
        "contract[0]: addColumn belongs into \`expand\`: contract only removes and tightens, once nothing needs the old shape",
        "contract[1].column: is missing",
        "contract[2].keep: unknown option; known are: kind, table, column",
        "gate.soak: must be a duration such as "30s", "5m", "24h" or "7d"",
        "gate.deployed.api: only dotted numbers can be compared with >=; use "=" for this one",
        "gate.queries.q: must be SQL, not a string: write sql\`…\`",
        "gate.soack: unknown option; did you mean "soak"?",
      ]
    `);
  });

  it.each([
    ['a list', []],
    ['undefined', undefined],
    ['a function', () => ({})],
  ])('refuses %s', (what, exported) => {
    expect(problemsOf(exported)).toEqual([
      `: the default export must be a migration, made by defineMigration({ … }) or a recipe, not ${what}`,
    ]);
  });

  it('refuses tables of Bellows itself, wherever they are named', () => {
    const copy = { into: 'bellows.ranges', key: { id: 'id' }, set: { a: sql`a` } };
    const message = 'must not be in the schema bellows or bullmq: what is there belongs to Bellows itself';
    expect(
      problemsOf({
        description: 'x',
        table: 'bellows.batches',
        expand: [on('bullmq.job', addColumn('a', 'int'))],
        backfill: [{ table: 'users', copy }],
        contract: [dropTable('bellows.runs')],
      }).toSorted(),
    ).toEqual([
      `backfill[0].copy.into: ${message}`,
      `contract[0].name: ${message}`,
      `expand[0].table: ${message}`,
      `table: ${message}`,
    ]);
    expect(problemsOf(users({ table: 'app.bellows', expand: [addColumn('a', 'int')] }))).toEqual([]);
  });

  it('refuses a transform without a time, and numbers that are none', () => {
    const transform = { read: ['a'], write: ['b'], transform: () => ({}) };
    const backfill = [
      { ...transform, timeout: '0s', concurrency: Number.NaN },
      { ...transform, timeout: '0.0m', concurrency: Number.POSITIVE_INFINITY },
    ];
    expect(problemsOf(users({ backfill }))).toEqual([
      'backfill[0].concurrency: must be a number, not NaN',
      'backfill[0].timeout: must be longer than 0',
      'backfill[1].concurrency: must be a number, not Infinity',
      'backfill[1].timeout: must be longer than 0',
    ]);
  });

  it('refuses lists that are no lists', () => {
    expect(
      problemsOf(users({ expand: addColumn('a', 'int'), backfill: 5, contract: null, gate: [] })),
    ).toMatchInlineSnapshot(`
      [
        "expand: must be a list, not an object",
        "backfill: must be an object, or a list of objects",
        "contract: must be a list, not null",
        "gate: must be an object, not a list",
      ]
    `);
  });

  it('takes options that are undefined as left out', () => {
    const index = { ...createIndex(['a']), name: undefined, where: undefined };
    expect(problemsOf(users({ expand: [index], backfill: undefined, gate: undefined }))).toEqual([]);
  });

  it('refuses reverse beside where, and a reverse that is no SQL', () => {
    const backfill = { set: { a: sql`1` }, where: sql`a is null`, reverse: { b: 'a' } };
    expect(problemsOf(users({ backfill }))).toMatchInlineSnapshot(`
      [
        "backfill.reverse: cannot stand beside \`where\`: a backfill with \`where\` has one shape only, there is nothing to keep equal",
        "backfill.reverse.b: must be SQL, not a string: write sql\`…\`",
      ]
    `);
    expect(
      problemsOf(
        users({ expand: [addColumn('a', 'int')], backfill: { set: { a: sql`b` }, reverse: 'nothing' } }),
      ),
    ).toEqual(["backfill.reverse: must be { column: sql`…` }, or 'none'"]);
  });
});

describe('a copy', () => {
  const copying = (over: object) => users({ backfill: { copy: { into: 'profiles', ...over } } });
  const key = { user_id: 'id' };
  const set = { bio: sql`bio` };

  it('is taken with what it needs', () => {
    expect(problemsOf(copying({ key, set }))).toEqual([]);
    expect(problemsOf(copying({ key, set, where: sql`bio is not null`, others: 'keep' }))).toEqual([]);
  });

  it('is refused with less, and with what it does not know', () => {
    expect(problemsOf(copying({}))).toEqual([
      'backfill.copy.key: is missing',
      'backfill.copy.set: is missing',
    ]);
    expect(problemsOf(copying({ key: {}, set: {} }))).toEqual([
      'backfill.copy.key: must name at least one column',
      'backfill.copy.set: must set at least one column',
    ]);
    expect(problemsOf(copying({ key: { a: 'id', b: 'id' }, set: { bio: 'bio' }, wher: 1 }))).toEqual([
      'backfill.copy.key: names a column of the source twice',
      'backfill.copy.set.bio: must be SQL, not a string: write sql`…`',
      'backfill.copy.wher: unknown option; did you mean "where"?',
    ]);
    expect(problemsOf(copying({ key, set, where: sql`bio is` })).join()).toMatch(/^backfill.copy.where: /);
    expect(problemsOf(copying({ into: 'public.users', key, set })).join()).toMatch(
      /"users" has a backfill already/,
    );
  });
});

describe('the parts together', () => {
  it('refuses a migration that does nothing', () => {
    expect(problemsOf(users({ expand: [], contract: [] }))).toEqual([
      ': does nothing: it has no operation in `expand` or `contract`, and no `backfill`',
    ]);
  });

  it('reports rules and SQL together', () => {
    expect(
      problemsOf({
        description: 'x',
        expand: [
          on('users', addColumn('first_name', 'text')),
          on('public.users', addColumn('first_name', 'text')),
          addColumn('lost', 'int'),
          on('users', addForeignKey(['a', 'b'], { references: 'orders' })),
          on('users', addColumn('d', 'int', { default: sql`a + 1` })),
        ],
        backfill: [
          { table: 'users', set: { fist_name: sql`upper(` }, reverse: { first_name: sql`full_name` } },
          { table: 'public.users', set: { first_name: sql`full_name` } },
          { set: { a: sql`1` }, where: sql`a is null` },
        ],
        contract: [
          on('users', setNotNull('old')),
          on('users', dropColumn('old')),
          on('users', dropColumn('old')),
          on('users', dropColumn('first_name')),
        ],
      }),
    ).toMatchInlineSnapshot(`
      [
        "expand[2].table: is missing: give the migration a \`table\`, or address it with on('table', …)",
        "backfill[2].table: is missing: give the migration a \`table\`, or give the backfill one",
        "expand[1].column: "first_name" has had its addColumn already, in expand[0]",
        "contract[2].column: "old" has had its dropColumn already, in contract[1]",
        "contract[0].column: "old" is dropped by the same \`contract\`",
        "contract[3].column: "first_name" is added by \`expand\` of the same migration",
        "expand[3].referencedColumns: names 1, where \`columns\` names 2: each column refers to one",
        "backfill[1]: "users" has a backfill already, in backfill[0]: put all its columns into one, so that each row is written once",
        "backfill[0].set.fist_name: \`expand\` does not add "fist_name" to "users" (did you mean "first_name"?); to fill a column that is there already, say in \`where\` which rows need it",
        "backfill[0].reverse.first_name: "first_name" is on the new side: \`reverse\` gives the old columns from the new ones",
        "backfill[0].set.fist_name: SQL that PostgreSQL cannot read: syntax error at end of input (line 1, column 7)",
        "expand[4].default: must not read columns or tables: PostgreSQL allows neither in a default",
      ]
    `);
  });

  it('lets a statement add columns that cannot be seen', () => {
    const expand = [statement(sql`alter table users add column a int`, { reason: 'instant' })];
    expect(problemsOf(users({ expand, backfill: { set: { a: sql`b` } } }))).toEqual([]);
  });

  it('tells a fill of existing columns that it needs a where', () => {
    expect(problemsOf(users({ backfill: { set: { email: sql`lower(email)` } } }))).toMatchInlineSnapshot(`
      [
        "backfill.set.email: \`expand\` does not add "email" to "users"; to fill a column that is there already, say in \`where\` which rows need it",
      ]
    `);
    expect(
      problemsOf(
        users({ backfill: { set: { email: sql`lower(email)` }, where: sql`email <> lower(email)` } }),
      ),
    ).toEqual([]);
  });
});

describe('the mapping', () => {
  const expand = [addColumn('first_name', 'text'), addColumn('last_name', 'text')];
  const set = {
    first_name: sql`split_part(full_name, ' ', 1)`,
    last_name: sql`split_part(users.full_name, ' ', 2)`,
  };
  const contract = [dropColumn('full_name')];

  it('needs reverse where contract drops what it reads', () => {
    expect(problemsOf(users({ expand, backfill: { set }, contract }))).toMatchInlineSnapshot(`
      [
        "backfill.reverse: does not give "full_name": contract drops it, the mapping reads it, and what new deploys write could not be brought back to it; give the SQL, or say reverse: 'none'",
      ]
    `);
    expect(
      problemsOf(users({ expand, backfill: { set, reverse: { other: sql`first_name` } }, contract })),
    ).toHaveLength(1);
    expect(problemsOf(users({ expand, backfill: { set, reverse: 'none' }, contract }))).toEqual([]);
    expect(
      problemsOf(users({ expand, backfill: { set, reverse: { full_name: sql`first_name` } }, contract })),
    ).toEqual([]);
    expect(problemsOf(users({ expand, backfill: { set } }))).toEqual([]);
    expect(
      problemsOf(users({ expand, backfill: { set }, contract: [on('orders', dropColumn('full_name'))] })),
    ).toEqual([]);
  });

  it('computes the new side from the old side alone', () => {
    const wrong = { ...set, last_name: sql`substr(full_name, length(first_name))` };
    expect(problemsOf(users({ expand, backfill: { set: wrong } }))).toEqual([
      'backfill.set.last_name: reads "first_name", which this backfill fills: the new side is computed from the old side alone',
    ]);
  });

  it('refuses a where that set can never make false', () => {
    const fill = (where: ReturnType<typeof sql>) =>
      problemsOf(users({ backfill: { set: { a: sql`1` }, where } }));
    expect(fill(sql`b > 1`)).toEqual([
      'backfill.where: reads no column that `set` changes, so the same rows would need the fill for ever',
    ]);
    expect(fill(sql`a is null and b > 1`)).toEqual([]);
    expect(fill(sql`exists (select from t where t.id = users.id)`)).toEqual([]);
  });

  it('refuses a where on what needs a trigger, and takes a constant', () => {
    const fill = (value: ReturnType<typeof sql>) =>
      problemsOf(
        users({ expand: [addColumn('a', 'int')], backfill: { set: { a: value }, where: sql`a is null` } }),
      );
    expect(fill(sql`b + 1`)).toHaveLength(1);
    expect(fill(sql`0`)).toEqual([]);
  });

  it('takes the recipes as they are', () => {
    expect(
      problemsOf(renameColumn({ table: 'users', from: 'a', to: 'b', type: 'text', notNull: true })),
    ).toEqual([]);
    expect(
      problemsOf(addRequiredColumn({ table: 'users', column: 'plan', type: 'text', value: sql`'free'` })),
    ).toEqual([]);
  });
});

describe('the definition that the heart gets', () => {
  it('spells a table in one way, keys its expressions by it, and has no comments in expressions', () => {
    const { definition, expressions } = analysedMigration(
      {
        description: 'x',
        table: 'public.users',
        expand: [
          addColumn('a', 'int', { default: sql`1 -- one` }),
          on(
            'public.orders',
            createIndex([sql`lower(b) /* any case */`, 'c'], { where: sql`c > 0 -- some` }),
          ),
          on('sales.orders', addCheck('positive', sql`b > 0 -- really`)),
        ],
        backfill: { set: { a: sql`length(users.b) -- of the name` } },
      },
      FILE,
    );
    expect(definition.table).toBe('users');
    expect(definition.expand).toEqual([
      addColumn('a', 'int', { default: sql`1` }),
      on('orders', createIndex([sql`lower(b)`, 'c'], { where: sql`c > 0` })),
      on('sales.orders', addCheck('positive', sql`b > 0`)),
    ]);
    expect([...expressions.keys()]).toEqual([
      expressionKey('users', '1'),
      expressionKey('orders', 'lower(b)'),
      expressionKey('orders', 'c > 0'),
      expressionKey('sales.orders', 'b > 0'),
      expressionKey('users', 'length(users.b) -- of the name'),
    ]);
    expect(expressions.get(expressionKey('users', 'length(users.b) -- of the name'))?.columns).toEqual(['b']);
  });
});
