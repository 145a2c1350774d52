/**
 * What a migration names must be there, or be made by it: refused when it is planned, not at three in the morning by the
 * step that needs it. A column to drop that is not there would otherwise look as if it were dropped already.
 */
import { type AnalysedMigration, tableOfKey } from '#core/analysed-migration';
import type { AnyOperation } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, parseTable, quoteTable, sameTable } from '#core/identifier';
import { operationsOf, type PlanningFacts, tableOf } from './facts.js';

/** @throws RefusedError with the first name that is not there */
export function refuseMissing({ definition, expressions }: AnalysedMigration, facts: PlanningFacts): void {
  const operations = operationsOf(definition);
  // A statement may make what it likes, unseen.
  if (operations.some((o) => o.kind === 'statement')) return;
  for (const operation of operations) {
    if (operation.kind === 'dropTable' || operation.kind === 'createTable') continue;
    const written = tableOf(operation, definition);
    const known = columnsAt(written, operations, definition, facts);
    const missing = known === null ? undefined : columnsOf(operation).find((c) => !known.has(c));
    if (missing !== undefined) throw missingColumn(missing, written);
  }
  for (const [key, { columns }] of expressions) {
    const written = tableOfKey(key);
    const known = columnsAt(written, operations, definition, facts);
    const missing = known === null ? undefined : columns.find((c) => !known.has(c));
    if (missing !== undefined) throw missingColumn(missing, written);
  }
  const functions = [...expressions.values()].flatMap((e) => e.functions);
  const unknown = functions.find((f) => (facts.routines.get(f.name)?.schemas.length ?? 0) === 0);
  if (unknown !== undefined) throw missingFunction(unknown.name);
  for (const [condition, why] of facts.unfitConditions) throw unfitCondition(condition, why);
}

function columnsAt(
  written: string,
  operations: readonly AnyOperation[],
  definition: AnalysedMigration['definition'],
  facts: PlanningFacts,
): ReadonlySet<string> | null {
  const name = parseTable(written);
  const table = facts.tables.get(quoteTable(name));
  if (table === undefined) return null;
  const added = operations.flatMap((o) =>
    o.kind === 'addColumn' && sameTable(parseTable(tableOf(o, definition)), name) ? [o.column] : [],
  );
  return new Set([...table.columns.map((c) => c.name), ...added]);
}

function columnsOf(operation: AnyOperation): readonly string[] {
  switch (operation.kind) {
    case 'createIndex':
      return operation.columns.filter((c): c is string => typeof c === 'string');
    case 'addUnique':
    case 'addForeignKey':
      return operation.columns;
    case 'setNotNull':
    case 'dropColumn':
      return [operation.column];
    default:
      return [];
  }
}

function missingColumn(column: string, table: string): RefusedError {
  return new RefusedError({
    what: `There is no column ${column} on ${displayTable(parseTable(table))}, and the migration does not add it.`,
    next: 'Correct the name in the file, or add the column in `expand`.',
  });
}

function missingFunction(name: string): RefusedError {
  return new RefusedError({
    what: `There is no function ${name} that this role can see.`,
    why: 'Each row that is written would call it.',
    next: 'Correct the name in the file, or create the function first.',
  });
}

function unfitCondition(condition: string, why: string): RefusedError {
  return new RefusedError({
    what: `The condition "${condition.slice(0, 200)}" cannot pick rows.`,
    why: `PostgreSQL says: ${why}.`,
    next: 'Correct it in the file: it must give a boolean for each row.',
  });
}
