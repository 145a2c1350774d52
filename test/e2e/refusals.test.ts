import { expect, it } from 'vitest';
import { createBellows } from '#index';
import { connect } from '../support/database.js';
import { migration, refusal, shapeOf, twoWays, useProjects } from './stage.js';

const projects = useProjects();
const A = '20240101000000_a';

const TABLE = `create table items (id bigint primary key, a text);
  insert into items select i, 'a' || i from generate_series(1, 100) i`;

interface Case {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly sql?: string;
  readonly code: RegExp;
  readonly exit: number;
  /** What the error names. */
  readonly names: string;
}

const CASES: readonly Case[] = [
  {
    what: 'a table that is not there',
    files: { [A]: twoWays('missing_table', 'a', 'a2') },
    code: /REFUSED/,
    exit: 3,
    names: 'missing_table',
  },
  {
    what: 'a column that is not there',
    files: { [A]: twoWays('items', 'missing_column', 'a2') },
    code: /REFUSED/,
    exit: 3,
    names: 'missing_column',
  },
  ...[
    `backfill: { delete: sql\`nowhere = 1\` }`,
    `backfill: { set: { a: sql\`nowhere\` }, where: sql\`a is null\` }`,
    `backfill: { set: { a: sql\`'x'\` }, where: sql\`a is null and nowhere\` }`,
    `expand: [addColumn('n', 'text')], backfill: { set: { n: sql\`nowhere\` }, reverse: 'none' }`,
    `expand: [addCheck('known', sql\`nowhere > 0\`)]`,
  ].map((body) => ({
    what: `a column that is not there in ${body}`,
    files: { [A]: migration(`{ description: 'x', table: 'items', ${body} }`) },
    code: /REFUSED/,
    exit: 3,
    names: 'There is no column nowhere on items, and the migration does not add it.',
  })),
  ...[
    `delete: sql\`random() < 0.5\``,
    `set: { a: sql\`'x'\` }, where: sql\`a is null or random() < 0.5\``,
  ].map((body) => ({
    what: `a condition that answers otherwise each time, ${body}`,
    files: { [A]: migration(`{ description: 'x', table: 'items', backfill: { ${body} } }`) },
    code: /REFUSED/,
    exit: 3,
    names: 'from more than its row: random() is volatile',
  })),
  ...[
    [`backfill: { delete: sql\`id\` }`, 'must be type boolean, not type bigint (42804)'],
    [`backfill: { delete: sql\`items.a = 1 -- one\` }`, 'operator does not exist: text = integer (42883)'],
    [
      `expand: [addColumn('n', 'int')], backfill: { set: { n: sql\`1\` }, where: sql\`n\` }`,
      'must be type boolean, not type integer (42804)',
    ],
  ].map(([body = '', names = '']) => ({
    what: `a condition that is none, ${body}`,
    files: { [A]: migration(`{ description: 'x', table: 'items', ${body} }`) },
    code: /REFUSED/,
    exit: 3,
    names,
  })),
  {
    what: 'a column that is there already',
    files: { [A]: twoWays('items', 'a', 'id') },
    code: /REFUSED/,
    exit: 3,
    names: 'id',
  },
  {
    what: 'an index on a column that is not there',
    files: { [A]: migration(`{ description: 'x', table: 'items', expand: [createIndex(['nowhere'])] }`) },
    code: /REFUSED/,
    exit: 3,
    names: 'nowhere',
  },
  {
    what: 'a drop of a column that is not there',
    files: { [A]: migration(`{ description: 'x', table: 'items', contract: [dropColumn('nowhere')] }`) },
    code: /REFUSED/,
    exit: 3,
    names: 'nowhere',
  },
  {
    what: 'a mapping that reads a generated column',
    files: { [A]: twoWays('items', 'shout', 'a2') },
    sql: 'alter table items add column shout text generated always as (upper(a)) stored',
    code: /REFUSED/,
    exit: 3,
    names: 'shout',
  },
  {
    what: 'a type that is not there',
    files: {
      [A]: migration(`{ description: 'x', table: 'items', expand: [addColumn('n', 'no_such_type')] }`),
    },
    code: /./,
    exit: 3,
    names: 'no_such_type',
  },
  {
    what: 'a function that is not there',
    files: {
      [A]: migration(
        `{ description: 'x', table: 'items', expand: [addColumn('n', 'text')], backfill: { set: { n: sql\`no_such_function(a)\` }, reverse: 'none' } }`,
      ),
    },
    code: /REFUSED/,
    exit: 3,
    names: 'no_such_function',
  },
  {
    what: 'a file that does not compile',
    files: { [A]: 'export default {{{' },
    code: /FILE_SYNTAX/,
    exit: 2,
    names: A,
  },
  {
    what: 'a file without a default export',
    files: { [A]: 'export const a = 1;' },
    code: /FILE_EXPORT/,
    exit: 2,
    names: A,
  },
  {
    what: 'a file that throws',
    files: { [A]: `throw new Error('not today')` },
    code: /FILE_THREW/,
    exit: 2,
    names: 'not today',
  },
  {
    what: 'SQL that is none',
    files: { [A]: twoWays('items', 'a', 'a2').replace('upper(', 'upper((') },
    code: /DEFINITION/,
    exit: 2,
    names: A,
  },
  {
    what: 'a drop in expand',
    files: { [A]: migration(`{ description: 'x', table: 'items', expand: [dropColumn('a')] }`) },
    code: /DEFINITION/,
    exit: 2,
    names: A,
  },
  {
    what: 'two files with one version',
    files: { [A]: twoWays('items', 'a', 'a2'), '20240101000000_b': twoWays('items', 'a', 'a3') },
    code: /./,
    exit: 2,
    names: '20240101000000',
  },
  {
    what: 'an order without a key',
    files: {
      [A]: migration(
        `{ description: 'x', table: 'heap', backfill: { set: { a: sql\`'x'\` }, where: sql\`a is null\`, order: 'newest first' } }`,
      ),
    },
    sql: 'create table heap (a text)',
    code: /REFUSED/,
    exit: 3,
    names: 'heap',
  },
  {
    what: 'a view',
    files: { [A]: twoWays('seen', 'a', 'a2') },
    sql: 'create view seen as select * from items',
    code: /REFUSED/,
    exit: 3,
    names: 'seen',
  },
  {
    what: 'an unlogged table',
    files: { [A]: twoWays('fast', 'a', 'a2') },
    sql: 'create unlogged table fast (a text)',
    code: /REFUSED/,
    exit: 3,
    names: 'fast',
  },
];

it.each(CASES)(
  '$what is refused, and nothing is half done',
  { timeout: 30_000 },
  async ({ files, sql, code, exit, names }) => {
    const { bellows, client } = await projects.open(files);
    await client.query(TABLE);
    if (sql !== undefined) await client.query(sql);
    const shape = await shapeOf(client);
    const error = await refusal(bellows.up());
    expect(error.code).toMatch(code);
    expect(error.exit).toBe(exit);
    expect(`${error.text.what} ${error.text.why ?? ''}`).toContain(names);
    expect(await shapeOf(client)).toEqual(shape);
    expect((await bellows.history()).filter((h) => h.action === 'start')).toEqual([]);
  },
);

it('a wrong address says so, without the password', { timeout: 30_000 }, async () => {
  const { cwd } = await projects.open({ [A]: twoWays('items', 'a', 'a2') });
  const wrong = [
    'postgres://anna:s3cret@127.0.0.1:1/nowhere',
    projects.database.url.replace(/\/[^/]*$/, '/no_such_database'),
  ];
  for (const databaseUrl of wrong) {
    // Elsewhere than in production, `up` would make the database that is missing.
    const bellows = await createBellows({ cwd, env: 'production', overrides: { databaseUrl } });
    const error = await refusal(bellows.up()).finally(() => bellows.close());
    expect([error.code.startsWith('BELLOWS_PG'), error.exit]).toEqual([true, 3]);
    expect(JSON.stringify(error.text) + JSON.stringify(error.data)).not.toContain('s3cret');
  }
  const error = await refusal(createBellows({ cwd, overrides: { databaseUrl: 'mysql://127.0.0.1/x' } }));
  expect(error.exit).toBe(2);
});

it('a role without rights is refused in words, and with rights it goes on', { timeout: 60_000 }, async () => {
  const { client, cwd } = await projects.open({ [A]: twoWays('items', 'a', 'a2', `dropColumn('a')`) });
  await client.query(TABLE);
  const role = `weak_${process.pid}`;
  await client.query(`create role ${role} login`);
  const url = new URL(projects.database.url);
  url.username = role;
  const overrides = { databaseUrl: url.href };
  try {
    const shape = await shapeOf(client);
    const first = await createBellows({ cwd, overrides, actor: 'weak' });
    const noSchema = await refusal(first.up()).finally(() => first.close());
    expect([noSchema.exit, noSchema.text.next]).toEqual([3, expect.stringMatching(/grant/i)]);
    await client.query(
      `grant create on database ${projects.database.name} to ${role}; grant select, insert, update on items to ${role}`,
    );
    const second = await createBellows({ cwd, overrides, actor: 'weak' });
    const notOwner = await refusal(second.up()).finally(() => second.close());
    expect(notOwner.exit).toBe(3);
    expect(`${notOwner.text.what} ${notOwner.text.why}`).toMatch(/own/);
    expect(await shapeOf(client)).toEqual(shape);
    await client.query(`alter table items owner to ${role}; grant create on schema public to ${role}`);
    const third = await createBellows({ cwd, overrides, actor: 'weak' });
    const { reached } = await third.up().finally(() => third.close());
    expect(reached).toBe(true);
  } finally {
    const admin = await connect(projects.database.url);
    await admin.query(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  }
});

it('plan of a file that cannot be read tells of the file, also where nothing is installed yet', async () => {
  const wrong = migration(`{ description: 'x', table: 'items', expand: [dropColumn('a')], contracts: [] }`);
  const { bellows, client } = await projects.open({ [A]: wrong });
  await client.query(TABLE);
  for (const name of [A, A.slice(0, 14)]) {
    const error = await refusal(bellows.plan(name));
    expect([error.code, error.exit]).toEqual(['BELLOWS_DEFINITION', 2]);
    expect(error.text.what).toContain('contracts');
  }
  const unknown = await refusal(bellows.plan('20990101000000_none'));
  expect([unknown.code, unknown.text.why]).toEqual([
    'BELLOWS_UNKNOWN_MIGRATION',
    'Nothing was run on this database yet.',
  ]);
});

it('plan refuses a column that is not there, unless an earlier migration may still add it', async () => {
  const B = '20240102000000_b';
  const add = migration(`{ description: 'x', table: 'items', expand: [addColumn('n', 'text')] }`);
  const purge = migration(`{ description: 'x', table: 'items', backfill: { delete: sql\`n = 'x'\` } }`);
  const own = migration(
    `{ description: 'x', table: 'items', expand: [on('public.items', addColumn('m', 'text'))], backfill: { delete: sql\`m = 'x' and exists (select from items other where other.id < items.id and a = 'x')\` } }`,
  );
  const { bellows, client, write, remove } = await projects.open({ [A]: add, [B]: purge });
  await client.query(TABLE);
  expect(await bellows.plan()).toHaveLength(2);
  await remove(A);
  expect((await refusal(bellows.plan(B))).text.what).toContain('There is no column n on items');
  await write(B, own);
  expect(await bellows.plan(B)).toHaveLength(1);
});
