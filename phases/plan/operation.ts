/** One operation of a definition becomes its part of the plan: the list of operations, and what each may know. */
import { type AnalysedMigration, expressionKey } from '#core/analysed-migration';
import { type AnyOperation, backfillsOf, type Definition, filledBy } from '#core/definition';
import { parseTable, quoteTable, sameTable, type TableName } from '#core/identifier';
import { renderDropColumn } from '../contract/drop-column.js';
import { renderDropTable } from '../contract/drop-table.js';
import { renderSetNotNull } from '../contract/set-not-null.js';
import { renderAddCheck } from '../expand/add-check.js';
import { renderAddColumn } from '../expand/add-column.js';
import { renderAddForeignKey } from '../expand/add-foreign-key.js';
import { renderAddUnique } from '../expand/add-unique.js';
import { renderCreateIndex } from '../expand/create-index.js';
import { renderCreateTable } from '../expand/create-table.js';
import { type PlanningFacts, tableOf } from './facts.js';
import { NOTHING, type RenderContext, type Rendered } from './rendered.js';

export function renderOperation(operation: AnyOperation, context: RenderContext): Rendered {
  switch (operation.kind) {
    case 'addColumn':
      return renderAddColumn(operation, context);
    case 'createTable':
      return renderCreateTable(operation, context);
    case 'createIndex':
      return renderCreateIndex(operation, context);
    case 'addCheck':
      return renderAddCheck(operation, context);
    case 'addForeignKey':
      return renderAddForeignKey(operation, context);
    case 'addUnique':
      return renderAddUnique(operation, context);
    case 'setNotNull':
      return renderSetNotNull(operation, context);
    case 'dropColumn':
      return renderDropColumn(operation, context);
    case 'dropTable':
      return renderDropTable(operation, context);
    // Each is a transaction of its own, where the list has it.
    case 'statement':
      return NOTHING;
  }
}

/** An index on them is built behind the walk as well, and what a copy could violate is proven at the contract. */
function copiedInto(table: TableName, definition: Definition): readonly string[] {
  return backfillsOf(definition).flatMap(({ copy }) =>
    copy !== undefined && sameTable(parseTable(copy.into), table)
      ? [...Object.keys(copy.key), ...Object.keys(copy.set)]
      : [],
  );
}

export type ContextOf = (operation: AnyOperation, position: string, inContract: boolean) => RenderContext;

export function contextFor(migration: AnalysedMigration, facts: PlanningFacts, runId: number): ContextOf {
  const { definition } = migration;
  return (operation, position, inContract) => {
    const written =
      operation.kind === 'dropTable' || operation.kind === 'createTable'
        ? operation.name
        : (operation.table ?? definition.table ?? '');
    const table = parseTable(written);
    const adds = (definition.expand ?? []).filter(
      (o) => o.kind === 'addColumn' && tableOf(o, definition) === written,
    );
    const fills = backfillsOf(definition).filter((b) => tableOf(b, definition) === written);
    return {
      runId,
      position,
      table,
      // A statement need not name one.
      facts: written === '' ? null : (facts.tables.get(quoteTable(table)) ?? null),
      server: facts.server,
      added: new Map(adds.flatMap((o) => (o.kind === 'addColumn' ? [[o.column, o.type] as const] : []))),
      backfilled: new Set([...fills.flatMap((b) => filledBy(b)), ...copiedInto(table, definition)]),
      typeOf: (type) => facts.types.get(type) ?? type,
      isVolatile: (expression) => facts.volatileDefaults.has(expression),
      reads: (expression) => migration.expressions.get(expressionKey(written, expression))?.columns ?? [],
      inContract,
    };
  };
}
