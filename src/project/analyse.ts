/** Reads every SQL value of a definition with PostgreSQL's own parser; `loadParser()` must have been awaited. */
import { expressionKey } from '#core/analysed-migration';
import type { AnalysedExpression } from '#core/analysed-sql';
import { type AnyOperation, type Copy, type Definition, newColumns, setOf } from '#core/definition';
import { BellowsError } from '#core/errors';
import { parseTable } from '#core/identifier';
import { isSql, type Sql } from '#core/sql';
import { analyseExpression } from '#parser/analyse';
import { splitStatements } from '#parser/split';
import { allOperations, placedBackfills, tableOf } from './parts.js';
import { joinPath, type Problem, problem } from './problems.js';

export interface Analysis {
  /** By `expressionKey`, the table in the spelling of `tableOf`. What could not be read is not in it. */
  readonly expressions: ReadonlyMap<string, AnalysedExpression>;
  readonly problems: readonly Problem[];
}

interface Expression {
  readonly path: string;
  readonly table: string | null;
  readonly sql: Sql;
}

export function analyse(definition: Definition): Analysis {
  const expressions = new Map<string, AnalysedExpression>();
  const problems: Problem[] = [];
  for (const { path, table, sql } of expressionsOf(definition)) {
    const found = read(path, () => analyseExpression(sql.text, { table: parseTable(table ?? '').name }));
    if ('message' in found) problems.push(found);
    else expressions.set(expressionKey(table ?? '', sql.text), found);
  }
  return {
    expressions,
    problems: [...problems, ...typeProblems(definition), ...statementProblems(definition)],
  };
}

function expressionsOf(definition: Definition): readonly Expression[] {
  const ofOperations = allOperations(definition).flatMap(({ path, part }) =>
    operationSql(part).map(([name, sql]) => ({
      path: `${path}.${name}`,
      table: tableOf(part, definition),
      sql,
    })),
  );
  const ofBackfills = placedBackfills(definition).flatMap(({ path, part }) => {
    const table = tableOf(part, definition);
    const reverse = part.reverse === 'none' ? {} : (part.reverse ?? {});
    return [
      ...recordSql(setOf(part), `${path}.set`, table),
      ...recordSql(reverse, `${path}.reverse`, table),
      ...(part.delete === undefined ? [] : [{ path: `${path}.delete`, table, sql: part.delete }]),
      ...(part.copy === undefined ? [] : copySql(part.copy, `${path}.copy`, table)),
      ...(part.where === undefined ? [] : [{ path: `${path}.where`, table, sql: part.where }]),
    ];
  });
  return [...ofOperations, ...ofBackfills];
}

function copySql({ set, where }: Copy, path: string, table: string | null): readonly Expression[] {
  const condition = where === undefined ? [] : [{ path: `${path}.where`, table, sql: where }];
  return [...recordSql(set, `${path}.set`, table), ...condition];
}

function recordSql(
  record: Readonly<Record<string, Sql | undefined>>,
  base: string,
  table: string | null,
): readonly Expression[] {
  return Object.entries(record).flatMap(([column, sql]) =>
    sql === undefined ? [] : [{ path: joinPath(base, [column]), table, sql }],
  );
}

/** The scalar expressions of an operation, by where they stand in it. */
function operationSql(operation: AnyOperation): readonly (readonly [string, Sql])[] {
  switch (operation.kind) {
    case 'addColumn':
      return operation.default === undefined ? [] : [['default', operation.default]];
    case 'createTable':
      return newColumns(operation).flatMap(({ name, default: value }) =>
        value === undefined ? [] : [[`columns.${name}.default`, value] as const],
      );
    case 'addCheck':
      return [['check', operation.check]];
    case 'createIndex': {
      const keys = operation.columns.flatMap((key, i) =>
        isSql(key) ? [[`columns[${i}]`, key] as const] : [],
      );
      return operation.where === undefined ? keys : [...keys, ['where', operation.where]];
    }
    default:
      return [];
  }
}

function read<T>(path: string, reading: () => T): T | Problem {
  try {
    return reading();
  } catch (error) {
    if (!(error instanceof BellowsError)) throw error;
    return problem(path, [error.message, error.text.why].filter((text) => text !== undefined).join(' '));
  }
}

/** A type is written as text; it must be one type and nothing beside it. */
function typeProblems(definition: Definition): readonly Problem[] {
  return allOperations(definition).flatMap(({ path, part }) => {
    if (part.kind !== 'addColumn' && part.kind !== 'createTable') return [];
    const typed =
      part.kind === 'addColumn'
        ? [{ at: `${path}.type`, type: part.type }]
        : newColumns(part).map((c) => ({ at: `${path}.columns.${c.name}`, type: c.type }));
    return typed.flatMap(({ at, type }) => notAType(at, type));
  });
}

function notAType(path: string, type: string): readonly Problem[] {
  // Each form alone lets something pass: `int + 1` behind `::`, `int) + cast(1 as int` inside the parentheses.
  const forms = [`null::${type}`, `cast(null as ${type}\n)`];
  const found = forms.map((form) => read(path, () => analyseExpression(form, { table: '' })));
  if (found.every((one) => !('message' in one))) return [];
  const message = `"${type}" is not a type; NOT NULL goes into \`contract\` as setNotNull, a default into the options`;
  return [problem(path, message)];
}

function statementProblems(definition: Definition): readonly Problem[] {
  const statements = allOperations(definition).flatMap(({ path, part }) => {
    if (part.kind !== 'statement') return [];
    const undo = part.undo === undefined ? [] : [{ path: `${path}.undo`, sql: part.undo, query: false }];
    return [{ path: `${path}.up`, sql: part.up, query: false }, ...undo];
  });
  const queries = Object.entries(definition.gate?.queries ?? {}).map(([name, sql]) => {
    return { path: joinPath('gate.queries', [name]), sql, query: true };
  });
  return [...statements, ...queries].flatMap(({ path, sql, query }) => oneStatement(path, sql, query));
}

function oneStatement(path: string, sql: Sql, query: boolean): readonly Problem[] {
  const found = read(path, () => splitStatements(sql.text));
  if ('message' in found) return [found];
  if (found.length !== 1) return [problem(path, `must be one statement, and holds ${found.length}`)];
  if (query && found[0]?.kind !== 'SelectStmt')
    return [problem(path, 'must be a query: a SELECT that returns no row when all is well')];
  return [];
}
