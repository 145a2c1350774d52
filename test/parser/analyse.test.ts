import { parseSync } from 'libpg-query';
import { beforeAll, describe, expect, test } from 'vitest';
import { renderExpression } from '#core/analysed-sql';
import { quote } from '#core/identifier';
import { analyseExpression } from '#parser/analyse';
import { SqlExpressionError, SqlSyntaxError } from '#parser/errors';
import { loadParser } from '#parser/load';
import { shapeOf } from '#parser/parse';
import { EXPRESSIONS } from './expressions.js';

beforeAll(loadParser);

const analyse = (sql: string) => analyseExpression(sql, { table: 'users' });
const shape = (sql: string) => shapeOf(parseSync(`select (${sql}\n)`).stmts);

describe('columns', () => {
  test.each(EXPRESSIONS)('%s', (sql, columns) => {
    const expression = analyse(sql);
    expect(expression.columns).toEqual(columns);
    expect(expression.text).toBe(sql);
  });

  // A slot that is one character off, or covers a qualifier too little, changes the tree or does not parse.
  test.each(EXPRESSIONS)('rendered, is the same tree: %s', (sql) => {
    const expression = analyse(sql);
    const bare = renderExpression(expression, quote);
    expect(shape(bare)).toBe(
      shape(sql.replace(/"?\busers"? ?(\/\*[^*]*\*\/)? ?\. ?(\/\*[^*]*\*\/)? ?/gi, '')),
    );
    // And with the table's name it has the same slots again, also inside subqueries.
    const aliased = renderExpression(expression, (name) => `users.${quote(name)}`);
    expect(analyse(aliased)).toEqual({ ...expression, text: aliased });
  });

  test.each(EXPRESSIONS)('has no comment left that could swallow what follows: %s', (sql) => {
    const rendered = renderExpression(analyse(sql), quote);
    expect(shape(rendered)).toBe(shapeOf(parseSync(`select (${rendered})`).stmts));
  });

  test('the parts are the text around the slots', () => {
    expect(analyse(`  substr("Full Name",/* é */ users.n) -- x`).parts).toEqual([
      'substr(',
      { column: 'Full Name' },
      ',  ',
      { column: 'n' },
      ')',
    ]);
  });

  test('an alias does not run into a word', () => {
    const words = analyse(`case"n"when"m"then"n"else"m"end`);
    expect(renderExpression(words, (name) => `new.${name}`)).toBe(
      'case new.n when new.m then new.n else new.m end',
    );
  });

  test('every place is rendered, not only the first of a column', () => {
    expect(renderExpression(analyse('n + n * users.n'), (name) => `old.${name}`)).toBe(
      'old.n + old.n * old.n',
    );
  });

  test('a name over 63 bytes is what PostgreSQL cuts it to', () => {
    expect(analyse('x'.repeat(80)).columns).toEqual(['x'.repeat(63)]);
  });

  test('names in subqueries are told apart from the row’s', () => {
    const found = analyse('(select max(total) from orders where user_id = users.n and o.x > total) + m');
    expect(found.subqueryNames).toEqual(['total', 'user_id']);
    expect(found.columns).toEqual(['n', 'm']);
  });
});

describe('what else is found', () => {
  test('functions with their schemas, those of subqueries too, once each', () => {
    const { functions } = analyse(
      `upper(app.slug(full_name)) || upper(extract(year from created_at)::text) || (select max(total) from orders)`,
    );
    const names = functions.map(({ schema, name }) => `${schema ?? '-'}.${name}`).sort();
    expect(names).toEqual(['-.max', '-.upper', 'app.slug', 'pg_catalog.extract']);
  });

  test('a quoted name is one name', () => {
    expect(analyse('"my.schema"."Fn"(n)').functions).toEqual([{ schema: 'my.schema', name: 'Fn' }]);
  });

  test('operators, those that words stand for too', () => {
    const { operators } = analyse(
      `n between 1 and m or n in (select user_id from orders) or full_name not like 'x' or n operator(app.+) m = 1`,
    );
    expect([...operators].sort()).toEqual(['!~~', '<=', '=', '>=', 'app.+'].sort());
    expect(analyse('case n when 1 then 2 end').operators).toEqual(['=']);
    expect(analyse('case when flag then 2 end').operators).toEqual([]);
  });

  test('types', () => {
    const { types } = analyse(`n::text::app.code || cast(m as int[]) || interval '1 day'`);
    expect(types).toContainEqual({ schema: null, name: 'text' });
    expect(types).toContainEqual({ schema: 'app', name: 'code' });
    expect(types).toContainEqual({ schema: 'pg_catalog', name: 'int4' });
    expect(types).toContainEqual({ schema: 'pg_catalog', name: 'interval' });
    expect(types).toHaveLength(4);
  });

  test('calls without parentheses are no columns', () => {
    const found = analyse('current_timestamp(2)::text || current_user || session_user || localtime::text');
    expect(found.columns).toEqual([]);
    expect(found.valueFunctions).toEqual(['current_timestamp', 'current_user', 'session_user', 'localtime']);
    expect(analyse('"current_user"').columns).toEqual(['current_user']);
  });

  test('subqueries', () => {
    expect(analyse('exists (select)').hasSubquery).toBe(true);
    expect(analyse('(n + 1)').hasSubquery).toBe(false);
  });
});

describe('refused', () => {
  test.each([
    ['', /empty/],
    [' -- nothing\n /* */', /empty/],
    ['n;', /semicolon/],
    ['n; select 1', /semicolon/],
    ['n + $1', /parameters/],
    ['U&"n"', /U&/],
    ['select n', /statement \(select\)/],
    ['with w as (select 1) select 1', /statement \(with\)/],
    ['update users set n = 1', /statement \(update\)/],
    ['drop table users', /statement \(drop\)/],
    ['delete from users', /not one expression/],
    ['n, m', /not one expression/],
    ['n as x', /not one expression/],
    ['n x', /not one expression/],
    ['n from users', /not one expression/],
    ['n where true', /not one expression/],
    ['distinct n', /not one expression/],
    ['n union select 1', /not one expression/],
    ['n order by n', /not one expression/],
    ['n limit 1', /not one expression/],
    ['n into m', /not one expression/],
    ['*', /whole row/],
    ['users.*', /whole row/],
    ['users', /whole row/],
    ['to_jsonb(users)', /whole row/],
    ['row(users.*)', /whole row/],
    ['(select to_jsonb(users))', /whole row/],
    ['(select count(users.*) from orders)', /whole row/],
    ['(users).n', /whole row/],
    ['orders.total', /not the migrated table/],
    ['address.street', /not the migrated table/],
    ['orders.*', /not the migrated table/],
    ['orders.users', /not the migrated table/],
    ['public.users.n', /too many parts/],
    ['users.address.street', /too many parts/],
    ['(select 1 from orders where user_id = public.users.n)', /too many parts/],
    ['(select count(*) from users where users.n = 1)', /two things/],
    ['(select 1 from orders o join app.users on users.n = o.total)', /two things/],
    ['(select 1 from orders users where users.n = 1)', /two things/],
    ['(select (select 1 where users.n = 1) from users)', /two things/],
    ['(select 1 union select 2 from users where users.n = 1)', /two things/],
    ['ctid', /system column/],
    ['users.xmin::text', /system column/],
    ['max(n)', /aggregate/],
    ['pg_catalog.sum(n)', /aggregate/],
    ['1 + count(*)', /aggregate/],
    ['app.mine(distinct n)', /aggregate/],
    ['app.mine(n) filter (where m > 1)', /aggregate/],
    ['app.mine(n order by m)', /aggregate/],
    ['percentile_cont(0.5) within group (order by n)', /aggregate/],
    ['json_arrayagg(n)', /aggregate/],
    ['row_number() over ()', /window/],
    ['app.mine(n) over (partition by m)', /window/],
    ['grouping(n)', /GROUP BY/],
    ['default', /DEFAULT/],
    ['(with w as (delete from orders returning 1) select 1)', /must not write/],
    ['(select total from orders for update)', /must not lock/],
  ])('%s', (sql, message) => {
    expect(() => analyse(sql)).toThrow(SqlExpressionError);
    expect(() => analyse(sql)).toThrow(message);
  });

  test.each(['n +', 'all n', 'n) + (m', 'n) from users where (n = 1', "'open", '/* open', 'n \0 m', '(n'])(
    'not readable: %j',
    (sql) => {
      expect(() => analyse(sql)).toThrow(SqlSyntaxError);
    },
  );

  test('what looks like a refused form and is none', () => {
    expect(analyse('app.max(n)').functions).toEqual([{ schema: 'app', name: 'max' }]);
    expect(analyse('"update" + "default"').columns).toEqual(['update', 'default']);
    expect(analyse("n::text || ';$1'").columns).toEqual(['n']);
    expect(analyse('(select users from orders users)').columns).toEqual([]);
    expect(analyse('(select r.users from r)').columns).toEqual([]);
  });

  test('with the place', () => {
    const sql = "full_name\n  || '日本'\n\t|| orders.total";
    const error = caught(() => analyseExpression(sql, { table: 'users' }));
    expect(error).toMatchObject({
      code: 'BELLOWS_SQL_EXPRESSION',
      line: 3,
      column: 5,
      offset: sql.indexOf('orders'),
    });
    expect(error.render().split('\n').slice(1)).toEqual(['3 | \t|| orders.total', '    \t   ^']);
  });

  test('a syntax error counts in the text, not in what was parsed', () => {
    const error = caught(() => analyse("'😀' || n\n  || )"));
    expect(error).toMatchObject({ code: 'BELLOWS_SQL_SYNTAX', line: 2, column: 6, offset: 15 });
    expect(error.message).toBe(
      'SQL that PostgreSQL cannot read: syntax error at or near ")" (line 2, column 6)',
    );
  });

  test('nesting that the parser cannot hold', () => {
    expect(() => analyse(`${'('.repeat(20_000)}n${')'.repeat(20_000)}`)).toThrow(SqlSyntaxError);
    expect(analyse(`n${' + n'.repeat(1_000)}`).columns).toEqual(['n']);
  });
});

function caught(act: () => unknown): SqlExpressionError | SqlSyntaxError {
  try {
    act();
  } catch (error) {
    if (error instanceof SqlExpressionError || error instanceof SqlSyntaxError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
