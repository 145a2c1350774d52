import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { expressionKey } from '#core/analysed-migration';
import { BellowsError, renderError } from '#core/errors';
import { loadParser } from '#parser/load';
import { loadProject } from '#project/project';
import { loadOfflineSettings } from '#project/settings';
import { folderWith, writeAll } from './folder.js';

beforeAll(loadParser);

const SPLIT = `import { addColumn, createIndex, defineMigration, dropColumn, setNotNull, sql } from 'pgbellows';
export default defineMigration({
  description: 'First and last name become columns of their own',
  table: 'users',
  expand: [addColumn('first_name', 'varchar(100)'), addColumn('last_name', 'varchar(100)'), createIndex(['last_name'])],
  backfill: {
    set: {
      first_name: sql\`split_part(full_name, ' ', 1)\`,
      last_name: sql\`substr(full_name, length(split_part(full_name, ' ', 1)) + 2)\`,
    },
    reverse: { full_name: sql\`concat_ws(' ', first_name, nullif(last_name, ''))\` },
  },
  contract: [setNotNull('first_name'), setNotNull('last_name'), dropColumn('full_name')],
  gate: { soak: '24h', deployed: { api: '>=42' } },
});
`;

async function project(files: Readonly<Record<string, string>>) {
  const cwd = await folderWith(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`migrations/${name}`, text])),
  );
  return { cwd, ...(await loadProject(await loadOfflineSettings({ cwd, variables: {} }))) };
}

const brokenIds = (loaded: {
  readonly problems: readonly { readonly file: string; readonly error: BellowsError }[];
}) => loaded.problems.map(({ file, error }) => `${error.code} ${file}`);

describe('loadProject', () => {
  it('loads, checks, analyses and hashes a migration', async () => {
    const { migrations, problems } = await project({ '20240102150000_split_user_name.ts': SPLIT });
    expect(problems).toEqual([]);
    const [migration] = migrations;
    expect(migration?.id).toBe('20240102150000_split_user_name');
    expect(migration?.file).toBe('migrations/20240102150000_split_user_name.ts');
    expect(migration?.checksum).toBe(migration?.analysed.checksum);
    expect(migration?.definition.contract).toHaveLength(3);
    const first = migration?.analysed.expressions.get(
      expressionKey('users', "split_part(full_name, ' ', 1)"),
    );
    expect(first?.columns).toEqual(['full_name']);
    expect(migration?.analysed.expressions.size).toBe(3);
  });

  it('loads .js and .mjs, recipes, and code that migrations share', async () => {
    const { migrations, problems } = await project({
      '20240101000000_js.js': SPLIT,
      '20240102000000_mjs.mjs': SPLIT,
      '20240103000000_recipe.ts': `import { renameColumn } from 'pgbellows/recipes';
        import { TABLE } from './lib/names';
        import { TYPE } from './_types.js';
        export default renameColumn({ table: TABLE, from: 'a', to: 'b', type: TYPE });`,
      'lib/names.ts': "export const TABLE: string = 'users';",
      '_types.ts': "export const TYPE = 'text' as const;",
    });
    expect(problems).toEqual([]);
    expect(migrations.map(({ definition }) => definition.table)).toEqual(['users', 'users', 'users']);
    expect(migrations[0]?.checksum).toBe(migrations[1]?.checksum);
  });

  it('hides no good file behind broken ones, and says of each what it is', async () => {
    const loaded = await project({
      '20240101000000_good.ts': SPLIT,
      '20240102000000_syntax.ts':
        "import { sql } from 'pgbellows';\n\nexport default {\n  a: 1\n  b: 2,\n};\n",
      '20240103000000_throws.ts':
        "const fail = (what: string) => {\n  throw new Error('no postgres://u:s3cret@h/' + what);\n};\nexport default fail('luck');\n",
      '20240104000000_import.ts': "import x from 'not-installed-here';\nexport default x;\n",
      '20240105000000_named.ts': 'export const migration = 1;\n',
      '20240106000000_number.ts': 'export default 5;\n',
      '20240107000000_promise.ts': 'export default Promise.resolve({});\n',
      '20240108000000_helper.ts': "import { x } from './lib/broken';\nexport default x;\n",
      'lib/broken.ts': 'export const x = ;\n',
      '20240109000000_unknown.ts':
        "import { addColum } from 'pgbellows';\n\nexport default addColum('x', 'int');\n",
      '20240110000000_null.ts': 'throw null;\n',
      '20240111000000_also_good.ts': SPLIT,
    });
    expect(loaded.migrations.map(({ id }) => id)).toEqual([
      '20240101000000_good',
      '20240111000000_also_good',
    ]);
    expect(loaded.problems.map(({ error }) => renderError(error).join('\n'))).toMatchInlineSnapshot(`
      [
        "migrations/20240102000000_syntax.ts:5:3 cannot be compiled: Unexpected token, expected "," [BELLOWS_FILE_SYNTAX]
      left: Nothing was changed.
      next: Correct the file; \`npx tsc --noEmit\` shows the same place.",
        "migrations/20240103000000_throws.ts:2:9 threw while it was loaded: no postgres://u:***@h/luck [BELLOWS_FILE_THREW]
      why:  A file is run to learn what it declares; it must not fail, and should not depend on anything outside.
      left: Nothing was changed.
      next: Correct the file and run the command again.",
        "migrations/20240104000000_import.ts imports "not-installed-here", which is not there. [BELLOWS_FILE_IMPORT]
      why:  The file, or a file that it imports, names a module that cannot be found from there.
      left: Nothing was changed.
      next: Install the package, or correct the path.",
        "migrations/20240105000000_named.ts has no default export. [BELLOWS_FILE_EXPORT]
      why:  What the file declares is what it exports as default.
      left: Nothing was changed.
      next: Write \`export default …\` in front of it.",
        "migrations/20240106000000_number.ts has a problem:
        - the default export must be a migration, made by defineMigration({ … }) or a recipe, not a number [BELLOWS_DEFINITION]
      left: Nothing was changed.
      next: Correct the file and run the command again.",
        "migrations/20240107000000_promise.ts has a problem:
        - description: is missing [BELLOWS_DEFINITION]
      left: Nothing was changed.
      next: Correct the file and run the command again.",
        "migrations/lib/broken.ts:1:18 cannot be compiled: Unexpected token [BELLOWS_FILE_SYNTAX]
      why:  migrations/20240108000000_helper.ts imports it.
      left: Nothing was changed.
      next: Correct the file; \`npx tsc --noEmit\` shows the same place.",
        "migrations/20240109000000_unknown.ts:3:25 threw while it was loaded: addColum is not exported by the module that it is imported from [BELLOWS_FILE_THREW]
      why:  A file is run to learn what it declares; it must not fail, and should not depend on anything outside.
      left: Nothing was changed.
      next: Correct the file and run the command again.",
        "migrations/20240110000000_null.ts threw while it was loaded: null [BELLOWS_FILE_THREW]
      why:  A file is run to learn what it declares; it must not fail, and should not depend on anything outside.
      left: Nothing was changed.
      next: Correct the file and run the command again.",
      ]
    `);
    expect(loaded.problems.every(({ error }) => error instanceof BellowsError && error.exit === 2)).toBe(
      true,
    );
  });

  it('names the file, the path and the place of SQL that cannot be read', async () => {
    const { problems } = await project({
      '20240101000000_sql.ts': `import { addCheck, addColumn, createIndex, sql, statement } from 'pgbellows';
        export default {
          description: 'x', table: 'users',
          expand: [
            addColumn('a', 'int', { default: sql\`1 +\` }),
            addColumn('c', 'int not null'),
            addColumn('d', 'int) + cast(1 as int'),
            createIndex([sql\`lower(b\`], { where: sql\`a >\` }),
            addCheck('c', sql\`count(*) > 1\`),
            statement(sql\`alter table x; alter table y\`, { reason: 'r', undo: sql\`alter tabel\` }),
          ],
          backfill: { set: { a: sql\`a b\` }, reverse: { o: sql\`select 1\` } },
          gate: { queries: { none: sql\`delete from x\`, 'two words': sql\`select\n  from (\` } },
        };`,
    });
    expect(problems[0]?.error.message).toMatchInlineSnapshot(`
      "migrations/20240101000000_sql.ts has 12 problems:
        - expand[0].default: SQL that PostgreSQL cannot read: syntax error at end of input (line 1, column 4)
        - expand[3].columns[0]: SQL that PostgreSQL cannot read: syntax error at end of input (line 1, column 8)
        - expand[3].where: SQL that PostgreSQL cannot read: syntax error at end of input (line 1, column 4)
        - expand[4].check: This is not an expression over one row: count() is an aggregate or window function. (line 1, column 1) It is computed for each row by itself, in the batches and in the sync trigger.
        - backfill.set.a: This is not one expression. (line 1, column 1) A list, an alias, or the clauses of a query cannot stand for one column’s value.
        - backfill.reverse.o: This is a statement (select), where an expression is expected. (line 1, column 1)
        - expand[1].type: "int not null" is not a type; NOT NULL goes into \`contract\` as setNotNull, a default into the options
        - expand[2].type: "int) + cast(1 as int" is not a type; NOT NULL goes into \`contract\` as setNotNull, a default into the options
        - expand[5].up: SQL that PostgreSQL cannot read: syntax error at or near ";" (line 1, column 14)
        - expand[5].undo: SQL that PostgreSQL cannot read: syntax error at or near "tabel" (line 1, column 7)
        - gate.queries.none: must be a query: a SELECT that returns no row when all is well
        - gate.queries["two words"]: SQL that PostgreSQL cannot read: syntax error at end of input (line 2, column 9)"
    `);
  });

  it('sees an edit of the file, or of code that it imports, at the next load', async () => {
    const cwd = await folderWith({
      'migrations/20240101000000_a.ts':
        "import { t } from './_t';\nexport default { description: 'x', expand: [{ kind: 'addColumn', table: t, column: 'a', type: 'int' }] };",
      'migrations/_t.ts': "export const t = 'one';",
    });
    const settings = await loadOfflineSettings({ cwd, variables: {} });
    const before = await loadProject(settings);
    await writeAll(cwd, { 'migrations/_t.ts': "export const t = 'two';" });
    const after = await loadProject(settings);
    expect(
      [before, after].map(({ migrations }) => migrations[0]?.analysed.definition.expand?.[0]?.table),
    ).toEqual(['one', 'two']);
    expect(before.migrations[0]?.checksum).not.toBe(after.migrations[0]?.checksum);
  });

  it('keeps compiled files in node_modules/.cache/bellows where there is one', async () => {
    const cwd = await folderWith({ 'node_modules/.keep': '', 'migrations/20240101000000_a.ts': SPLIT });
    const settings = await loadOfflineSettings({ cwd, variables: {} });
    await loadProject(settings);
    expect((await readdir(join(cwd, 'node_modules/.cache/bellows'))).length).toBeGreaterThan(0);
    await loadProject(settings);
  });

  it('works where nothing can be written', async () => {
    const cwd = await folderWith({ 'migrations/20240101000000_a.ts': SPLIT });
    await mkdir(join(cwd, 'node_modules'));
    await writeFile(join(cwd, 'node_modules/.cache'), 'a file where the folder would be');
    await chmod(cwd, 0o500);
    const { migrations } = await loadProject(await loadOfflineSettings({ cwd, variables: {} }));
    await chmod(cwd, 0o700);
    expect(migrations).toHaveLength(1);
  });

  it('reads plain SQL beside phased migrations, and past a README', async () => {
    const loaded = await project({
      '20240101000000_a.ts': SPLIT,
      'README.md': '# here',
      '20240102000000_plain.sql': 'select 1',
    });
    expect(loaded.migrations).toHaveLength(1);
    expect(loaded.plain.map(({ id, version }) => [id, version])).toEqual([
      ['20240102000000_plain', '20240102000000'],
    ]);
    expect(brokenIds(loaded)).toEqual([]);
  });
});
