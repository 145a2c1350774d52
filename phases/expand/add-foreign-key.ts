import type { AddForeignKey } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, generatedName, parseTable, quoteList, quoteTable } from '#core/identifier';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';
import { addConstraint, validateConstraint } from '../plan/steps.js';
import { proveConstraint, refuseTaken } from './add-check.js';

/**
 * Adds a foreign key as NOT VALID and validates it in a second step.
 *
 * @param target.references `table` or `schema.table`
 * @param target.columns the referenced columns, default `['id']`
 */
export function addForeignKey(
  columns: readonly string[],
  target: {
    readonly references: string;
    readonly columns?: readonly string[];
    readonly name?: string;
    readonly onDelete?: AddForeignKey['onDelete'] & string;
  },
): AddForeignKey {
  return {
    kind: 'addForeignKey',
    columns,
    references: target.references,
    referencedColumns: target.columns ?? ['id'],
    ...(target.name === undefined ? {} : { name: target.name }),
    ...(target.onDelete === undefined ? {} : { onDelete: target.onDelete }),
  };
}

export function renderAddForeignKey(operation: AddForeignKey, context: RenderContext): Rendered {
  refusePartitioned(context);
  const { table, position } = context;
  const target = parseTable(operation.references);
  const name = operation.name ?? generatedName(table.name, ...operation.columns, 'fkey');
  refuseTaken(name, context);
  const onDelete = operation.onDelete === undefined ? '' : ` on delete ${operation.onDelete}`;
  const definition = `foreign key (${quoteList(operation.columns)}) references ${quoteTable(target)} (${quoteList(operation.referencedColumns)})${onDelete}`;
  const add = addConstraint(table, name, definition, 'add foreign key not valid');
  if (context.inContract || operation.columns.some((c) => context.backfilled.has(c))) {
    return { ...NOTHING, prove: proveConstraint(context, name, [add], [target]) };
  }
  return {
    ...NOTHING,
    expand: [add],
    afterExpand: [validateConstraint(`expand/${position}/validate`, 'expand', table, name)],
  };
}

function refusePartitioned({ facts, server, table }: RenderContext): void {
  if (facts?.kind !== 'partitioned' || server.versionNumber >= 180000) return;
  throw new RefusedError({
    what: `A foreign key cannot be added to the partitioned table ${displayTable(table)} on this server.`,
    why: 'Before PostgreSQL 18 it cannot be added NOT VALID there, so both tables would be scanned while writes wait.',
    next: 'Add it to each partition, or upgrade to PostgreSQL 18.',
  });
}
