import type { AddColumn } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, quote, quoteTable } from '#core/identifier';
import type { Action } from '#core/plan';
import type { Sql } from '#core/sql';
import { columnExists, columnHasDefault } from '../plan/probes.js';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';

/**
 * Adds a column: instant at any size, since a column without a volatile default rewrites nothing.
 *
 * @param type any type name that PostgreSQL knows, e.g. `varchar(100)`
 * @param options.default for new rows; existing rows of a backfilled column read NULL until the backfill reaches them
 */
export function addColumn<const N extends string>(
  column: N,
  type: string,
  options: { readonly default?: Sql } = {},
): AddColumn<N> {
  return { kind: 'addColumn', column, type, ...options };
}

export function renderAddColumn(operation: AddColumn, context: RenderContext): Rendered {
  const { table } = context;
  refuseExisting(operation, context);
  const text = operation.default?.text;
  const filled = context.backfilled.has(operation.column);
  if (text !== undefined && !filled && context.isVolatile(text))
    throw volatileDefault(operation.column, context);
  // On a backfilled column the default comes in a statement of its own: existing rows must read NULL, not a wrong constant.
  const inline = text !== undefined && !filled ? ` default ${text}` : '';
  const add: Action = {
    title: `add column ${operation.column} to ${displayTable(table)}`,
    form: 'add column',
    sql: `alter table ${quoteTable(table)} add column ${quote(operation.column)} ${context.typeOf(operation.type)}${inline}`,
    probe: columnExists(table, operation.column),
    undo: `alter table ${quoteTable(table)} drop column if exists ${quote(operation.column)}`,
  };
  return {
    ...NOTHING,
    expand: text !== undefined && filled ? [add, setDefault(operation.column, text, context)] : [add],
  };
}

function setDefault(column: string, text: string, { table }: RenderContext): Action {
  return {
    title: `set the default of ${displayTable(table)}.${column} for new rows`,
    form: 'set default',
    sql: `alter table ${quoteTable(table)} alter column ${quote(column)} set default ${text}`,
    probe: columnHasDefault(table, column),
    undo: null,
  };
}

function refuseExisting(operation: AddColumn, { facts, table }: RenderContext): void {
  if (!facts?.columns.some((c) => c.name === operation.column)) return;
  throw new RefusedError({
    what: `${displayTable(table)} already has a column ${operation.column}.`,
    why: 'Bellows fills, and on a rollback drops, the columns that a migration adds; it does not take over one that is in use.',
    next: 'Choose another name in the migration file, or drop the column first if nothing uses it.',
  });
}

function volatileDefault(column: string, { table }: RenderContext): RefusedError {
  return new RefusedError({
    what: `The default of ${displayTable(table)}.${column} is volatile.`,
    why: 'PostgreSQL would compute it for each existing row: the whole table is rewritten while reads and writes wait.',
    next: `Map it in the backfill (set: { ${column}: sql\`…\` }); the default then only serves new rows.`,
  });
}
