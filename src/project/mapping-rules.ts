/** What the mappings mean, told from the columns that their SQL reads. */
import { expressionKey } from '#core/analysed-migration';
import type { AnalysedExpression } from '#core/analysed-sql';
import { type AnyOperation, type Backfill, type Definition, newColumns, setOf } from '#core/definition';
import type { Sql } from '#core/sql';
import type { Analysis } from './analyse.js';
import { addedTo, addsUnseen, operationsOf, type Placed, placedBackfills, tableOf } from './parts.js';
import { joinPath, type Problem, problem } from './problems.js';

export function mappingProblems(definition: Definition, { expressions }: Analysis): readonly Problem[] {
  const find: Find = (table, sql) =>
    sql === undefined ? undefined : expressions.get(expressionKey(table, sql.text));
  const ofBackfills = placedBackfills(definition).flatMap((backfill) => {
    const table = tableOf(backfill.part, definition) ?? '';
    const facts: Facts = { ...backfill, table, definition, find };
    const { delete: purged, transform, copy } = backfill.part;
    if (purged !== undefined || transform !== undefined || copy !== undefined) return [];
    return backfill.part.where === undefined ? syncedProblems(facts) : plainProblems(facts);
  });
  return [...ofBackfills, ...defaultProblems(definition, find)];
}

type Find = (table: string, sql: Sql | undefined) => AnalysedExpression | undefined;

interface Facts extends Placed<Backfill> {
  readonly table: string;
  readonly definition: Definition;
  readonly find: Find;
}

function syncedProblems(facts: Facts): readonly Problem[] {
  return [...newSideRead(facts), ...missingReverse(facts)];
}

/** In a pending row the new side is still NULL, so such an expression would compute from nothing. */
function newSideRead({ path, part, table, definition, find }: Facts): readonly Problem[] {
  const added = addedTo(table, definition);
  const isNew = (column: string) =>
    Object.hasOwn(setOf(part), column) && (added.has(column) || addsUnseen(definition));
  return Object.entries(setOf(part)).flatMap(([column, sql]) => {
    const wrong = (find(table, sql)?.columns ?? []).filter(isNew);
    const reads = wrong.map((name) => `"${name}"`).join(', ');
    const message = `reads ${reads}, which this backfill fills: the new side is computed from the old side alone`;
    return wrong.length === 0 ? [] : [problem(joinPath(`${path}.set`, [column]), message)];
  });
}

/** Once the old column is dropped, only `reverse` could have told a later rollback, or an old deploy, what was in it. */
function missingReverse({ path, part, table, definition, find }: Facts): readonly Problem[] {
  if (part.reverse === 'none') return [];
  const read = new Set(Object.values(setOf(part)).flatMap((sql) => find(table, sql)?.columns ?? []));
  const given = part.reverse ?? {};
  const lost = droppedFrom(table, definition).filter(
    (column) => read.has(column) && !Object.hasOwn(given, column),
  );
  if (lost.length === 0) return [];
  const columns = lost.map((column) => `"${column}"`).join(', ');
  const why =
    'contract drops it, the mapping reads it, and what new deploys write could not be brought back to it';
  return [
    problem(`${path}.reverse`, `does not give ${columns}: ${why}; give the SQL, or say reverse: 'none'`),
  ];
}

function droppedFrom(table: string, definition: Definition): readonly string[] {
  return operationsOf(definition, 'contract').flatMap(({ part }) =>
    part.kind === 'dropColumn' && tableOf(part, definition) === table ? [part.column] : [],
  );
}

function plainProblems(facts: Facts): readonly Problem[] {
  return [...endlessWhere(facts), ...mappingWithWhere(facts)];
}

/** The fill ends when no row satisfies `where` any more: if it reads nothing that `set` changes, that is never. */
function endlessWhere({ path, part, table, find }: Facts): readonly Problem[] {
  const where = find(table, part.where);
  if (
    where === undefined ||
    where.hasSubquery ||
    where.columns.some((column) => Object.hasOwn(setOf(part), column))
  )
    return [];
  return [
    problem(
      `${path}.where`,
      'reads no column that `set` changes, so the same rows would need the fill for ever',
    ),
  ];
}

/** New from old takes a trigger, or it is stale at the application's next write. */
function mappingWithWhere({ path, part, table, definition, find }: Facts): readonly Problem[] {
  const added = addedTo(table, definition);
  const derived = Object.entries(setOf(part)).filter(
    ([column, sql]) =>
      added.has(column) && (find(table, sql)?.columns ?? []).some((read) => !added.has(read)),
  );
  return derived.map(([column]) => {
    const message =
      'is added by `expand` and computed from other columns, which must be kept equal while both are in use: leave out `where`';
    return problem(joinPath(`${path}.set`, [column]), message);
  });
}

function defaultsOf(part: AnyOperation): readonly { readonly at: string; readonly value: Sql | undefined }[] {
  if (part.kind === 'addColumn') return [{ at: 'default', value: part.default }];
  if (part.kind !== 'createTable') return [];
  return newColumns(part).map((c) => ({ at: `columns.${c.name}.default`, value: c.default }));
}

function defaultProblems(definition: Definition, find: Find): readonly Problem[] {
  return operationsOf(definition, 'expand').flatMap(({ path, part }) => {
    return defaultsOf(part).flatMap(({ at, value }) => {
      const found = find(tableOf(part, definition) ?? '', value);
      if (found === undefined || (found.columns.length === 0 && !found.hasSubquery)) return [];
      const message = 'must not read columns or tables: PostgreSQL allows neither in a default';
      return [problem(`${path}.${at}`, message)];
    });
  });
}
