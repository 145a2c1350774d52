import { beforeAll, expect, test } from 'vitest';
import { changelogMarkdown } from '#everyday/changelog/markdown';
import { marksOf } from '#everyday/changelog/marks';
import { loadParser } from '#parser/load';
import { readSqlMigration } from '#project/sql-file';

beforeAll(loadParser);

const marks = (source: string) => {
  const name = '20240101000000_x.sql';
  const file = {
    id: '20240101000000_x',
    version: '20240101000000',
    path: `/${name}`,
    file: name,
    text: source,
  };
  return marksOf(readSqlMigration(file, source));
};

test.each<[string, readonly string[], readonly string[]]>([
  ['drop table if exists a, s.b cascade', ['table a', 'table s.b'], []],
  ['alter table s.t drop column if exists "Old One", add column n int', ['column s.t.Old One'], []],
  ['alter table t drop constraint c', ['constraint t.c'], []],
  [
    'drop materialized view m; drop type mood; drop schema s',
    ['materialized view m', 'type mood', 'schema s'],
    [],
  ],
  ['drop function f(int, text)', ['function f'], []],
  ['drop index concurrently i', ['index i'], []],
  ['drop trigger tr on t', ['trigger t.tr'], []],
  ['alter table t rename column a to b', [], ['column t.a to b']],
  ['alter table s.t rename to u', [], ['table s.t to u']],
  ['alter schema a rename to b', [], ['schema a to b']],
  ['alter type mood rename to feeling', [], ['type mood to feeling']],
  [`do $$ begin drop table t; end $$; insert into t values ('drop table x')`, [], []],
  ['create table t (id int)', [], []],
  ['this is no SQL', [], []],
])('%s', (source, drops, renames) => {
  expect(marks(`-- migrate:up\n${source};\n-- migrate:down\ndrop table never;`)).toEqual({ drops, renames });
});

test('what somebody wrote into a description stays text', () => {
  const text = changelogMarkdown([
    {
      ...{ migration: '20240101000000_x', kind: 'sql', event: 'applied', at: '2024-01-02T23:59:59.999999Z' },
      ...{
        description: '<b>Sales</b> [x](y)\n# big',
        drops: ['column t.a`b'],
        renames: ['table a to b to c'],
      },
    },
  ]);
  expect(text).toMatchInlineSnapshot(`
    "<!-- Written by \`bellows changelog --write\` from the history of a database: what is changed by hand is lost. -->
    # Database changelog

    ## 2024-01-02

    - 23:59:59 UTC \`20240101000000_x\` applied  
      \\<b\\>Sales\\</b\\> \\[x\\](y) \\# big
      - **drops** column \`\` t.a\`b \`\`
      - **renames** table \`a to b\` to \`c\`
    "
  `);
});
