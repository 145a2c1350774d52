import { beforeAll, expect, test } from 'vitest';
import { SqlSyntaxError } from '#parser/errors';
import { loadParser } from '#parser/load';
import { splitStatements } from '#parser/split';

beforeAll(loadParser);

const FILE = `-- é 日本 😀; not a statement
create table "a;b" (x text default ';');;

/* before */ create function f() returns int language sql
begin atomic
  select 1;
  select 2;
end;
create function g() returns trigger language plpgsql as $fn$
begin
  new.x := 'é;'; return new;
end
$fn$; do $$ begin perform 1; end $$;
insert into "a;b" values ('a
;b') -- trailing; note
  returning x;
create rule r as on insert to "a;b" do also (select 1; select 2);
create index concurrently i on "a;b" (x)
-- the end;
`;

test('splits where the server does', () => {
  const statements = splitStatements(FILE);
  expect(statements.map((statement) => statement.kind)).toEqual([
    'CreateStmt',
    'CreateFunctionStmt',
    'CreateFunctionStmt',
    'DoStmt',
    'InsertStmt',
    'RuleStmt',
    'IndexStmt',
  ]);
  expect(statements.map((statement) => statement.text.split('\n').at(-1))).toEqual([
    `create table "a;b" (x text default ';')`,
    'end',
    '$fn$',
    'do $$ begin perform 1; end $$',
    '  returning x',
    `create rule r as on insert to "a;b" do also (select 1; select 2)`,
    'create index concurrently i on "a;b" (x)',
  ]);
  for (const { text, start, end } of statements) expect(FILE.slice(start.offset, end.offset)).toBe(text);
});

test('each can be split again, into itself', () => {
  for (const { text } of splitStatements(FILE)) {
    expect(splitStatements(text).map((statement) => statement.text)).toEqual([text]);
  }
});

test('knows where each begins and which comments belong to it', () => {
  const [table, atomic, , block, insert, , index] = splitStatements(FILE);
  expect(table?.start).toEqual({ line: 2, column: 1, offset: FILE.indexOf('create table') });
  expect(atomic?.start).toMatchObject({ line: 4, column: 14 });
  expect(block?.start).toMatchObject({ line: 13, column: 7 });
  expect(table?.comments).toEqual(['-- é 日本 😀; not a statement']);
  expect(atomic?.comments).toEqual(['/* before */']);
  expect(insert?.comments).toEqual(['-- trailing; note']);
  expect(index?.comments).toEqual(['-- the end;']);
});

test.each([
  FILE.replaceAll(/--.*|\/\*.*?\*\//g, ''),
  'select 1',
  ' \t\r\n\f\vselect 1 \v;;\n;select 2\n\n',
  ';;select \u00a01;',
  `${' '.repeat(100_000)}\nselect 1;${'\n'.repeat(100_000)}`,
])('splits a text without comments as it does one with a comment behind it', (text) => {
  const at = (sql: string) => splitStatements(sql).map(({ comments, node, locate, ...rest }) => rest);
  expect(at(text)).toEqual(at(`${text};\n-- the end`));
  expect(at(text).length).toBeGreaterThan(0);
});

test('locates a node of the tree', () => {
  const sql = `select 1;\nselect '日本😀', nope`;
  const node = splitStatements(sql)[1];
  const byte = Buffer.byteLength(sql.slice(0, sql.indexOf('nope')));
  expect(node?.locate(byte)).toEqual({ line: 2, column: 15, offset: sql.indexOf('nope') });
});

test.each([
  ['', []],
  [' \n-- only a comment', []],
  [';;', []],
  ['\ufeffselect 1', ['select 1']],
  ['\r\nselect 1;\r\nselect 2\r\n', ['select 1', 'select 2']],
  ['; select 1', ['select 1']],
  ['select 1; -- x', ['select 1']],
  ['select; select', ['select', 'select']],
])('%j', (sql, texts) => {
  expect(splitStatements(sql).map((statement) => statement.text)).toEqual(texts);
});

test('a broken text gives its place and no statements', () => {
  try {
    splitStatements(`select '😀';\n\tselect from where;\nselect 1`);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SqlSyntaxError);
    if (!(error instanceof SqlSyntaxError)) throw error;
    expect([error.line, error.column, error.offset]).toEqual([2, 14, 26]);
    expect(error.render()).toBe(
      `SQL that PostgreSQL cannot read: syntax error at or near "where" (line 2, column 14)\n2 | \tselect from where;\n    \t            ^`,
    );
  }
});

test('ten thousand statements take less than some seconds', () => {
  const many = `insert into t values (1, 'é');\n`.repeat(10_000);
  const statements = splitStatements(many);
  expect(statements).toHaveLength(10_000);
  expect(statements.at(-1)?.start).toMatchObject({ line: 10_000, column: 1 });
}, 10_000);
