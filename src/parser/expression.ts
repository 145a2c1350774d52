import type { SelectStmt } from 'libpg-query';
import { SqlExpressionError, SqlSyntaxError } from './errors.js';
import { parseStatements, shapeOf } from './parse.js';
import { byteToOffset } from './positions.js';
import { type SqlToken, scan } from './scan.js';
import { isCode } from './tokens.js';

/** A text that is one expression, read. */
export interface Expression {
  readonly sql: string;
  /** Comments too. */
  readonly tokens: readonly SqlToken[];
  /** The parser's tree. */
  readonly tree: unknown;
  /** From the tree's positions to indexes into `sql`. */
  readonly offset: (location: number) => number;
}

/** ASCII, so that its length is the same in bytes, code points and UTF-16 units. */
const BEFORE = 'select ';
/** A statement's first words: they only serve to say it better than "syntax error at or near". */
const STATEMENT =
  /^(select|with|values|table|insert|update|delete|merge|create|alter|drop|truncate|set|do|begin)$/i;

/** @throws SqlSyntaxError, SqlExpressionError */
export function parseExpression(sql: string): Expression {
  const tokens = scan(sql);
  refuseTokens(tokens, sql);
  const tree = bareTree(tokens, sql);
  refuseUnlessClosed(tree, sql);
  const offset = byteToOffset(sql);
  return { sql, tokens, tree, offset: (location) => offset(location - BEFORE.length) };
}

function refuseTokens(tokens: readonly SqlToken[], sql: string): void {
  const refuse = (token: SqlToken | undefined, what: string, next: string) => {
    if (token !== undefined) throw new SqlExpressionError({ what, next }, sql, token.start);
  };
  if (!tokens.some(isCode)) {
    throw new SqlExpressionError({ what: 'The expression is empty.', next: 'Write the expression.' }, sql, 0);
  }
  refuse(
    tokens.find((token) => token.text === ';'),
    'An expression holds no semicolon.',
    'Remove the semicolon; write one expression, without further statements.',
  );
  refuse(
    tokens.find((token) => token.kind === 'parameter'),
    'An expression cannot have parameters such as $1.',
    'Put the value in: with the `sql` tag, an interpolated value becomes a literal.',
  );
  // Its escape character may be set behind it, by `uescape`: not worth a second reading of names.
  refuse(
    tokens.find((token) => /^u&"/i.test(token.text)),
    'A name in the form U&"…" is not supported in an expression.',
    'Write the name in double quotes, with its characters as they are.',
  );
}

function bareTree(tokens: readonly SqlToken[], sql: string): unknown {
  // The line break ends a comment that would swallow what follows.
  const statements = parseBare(tokens, `${BEFORE}${sql}\n`, sql);
  const statement = statements.length === 1 ? statements[0]?.stmt : undefined;
  if (statement === undefined || !('SelectStmt' in statement)) throw notOne(sql);
  const select: SelectStmt = statement.SelectStmt;
  const { targetList, limitOption, op, ...more } = select;
  const [target] = targetList ?? [];
  if (Object.keys(more).length > 0 || op !== 'SETOP_NONE' || target === undefined) throw notOne(sql);
  if (targetList?.length !== 1 || !('ResTarget' in target)) throw notOne(sql);
  if (target.ResTarget.name !== undefined) throw notOne(sql);
  return target.ResTarget.val;
}

function parseBare(tokens: readonly SqlToken[], wrapped: string, sql: string) {
  try {
    return parseStatements(wrapped, sql, BEFORE);
  } catch (error) {
    const first = tokens.find(isCode);
    if (!(error instanceof SqlSyntaxError) || first === undefined || !STATEMENT.test(first.text)) throw error;
    throw new SqlExpressionError(
      {
        what: `This is a statement (${first.text.toLowerCase()}), where an expression is expected.`,
        next: 'Write the expression alone; a query that gives one value goes into parentheses.',
      },
      sql,
      first.start,
    );
  }
}

/** `all a` is a select list and no expression, `a) + (b` the other way round: only what is both can be put anywhere. */
function refuseUnlessClosed(tree: unknown, sql: string): void {
  const before = `${BEFORE}(`;
  if (isStar(tree)) return;
  const [statement] = parseStatements(`${before}${sql}\n)`, sql, before);
  const select =
    statement?.stmt !== undefined && 'SelectStmt' in statement.stmt ? statement.stmt.SelectStmt : {};
  const target = select.targetList?.[0];
  const closed = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
  if (shapeOf(closed) !== shapeOf(tree)) throw notOne(sql);
}

/** Whole rows are refused later, with the reason; in parentheses `*` would be a mere syntax error. */
function isStar(tree: unknown): boolean {
  return /^\{"ColumnRef":\{"fields":\[\{"A_Star"/.test(shapeOf(tree));
}

function notOne(sql: string): SqlExpressionError {
  return new SqlExpressionError(
    {
      what: 'This is not one expression.',
      why: 'A list, an alias, or the clauses of a query cannot stand for one column’s value.',
      next: 'Write one expression for each column; a query that gives one value goes into parentheses.',
    },
    sql,
    0,
  );
}
