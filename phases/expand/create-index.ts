import type { CreateIndex } from '#core/definition';
import { generatedName, quote } from '#core/identifier';
import type { StepPhase } from '#core/plan';
import { isSql, type Sql } from '#core/sql';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';
import { type IndexShape, indexStep } from '../plan/steps.js';

/**
 * Builds an index, always CONCURRENTLY. On a backfilled column it is built while settling (a unique one at the start of
 * contracting, since an old deploy could violate it): before that it would only make every batch dearer.
 *
 * @param columns column names, or `sql` expressions
 * @param options.name default: PostgreSQL's own pattern, `<table>_<columns>_idx`
 * @param options.using access method, default `btree`
 */
export function createIndex(
  columns: readonly (string | Sql)[],
  options: {
    readonly name?: string;
    readonly unique?: boolean;
    readonly where?: Sql;
    readonly using?: string;
  } = {},
): CreateIndex {
  return { kind: 'createIndex', columns, ...options };
}

export function renderCreateIndex(operation: CreateIndex, context: RenderContext): Rendered {
  const shape = indexShape(operation, context);
  const build = (phase: StepPhase) => indexStep(`${phase}/${context.position}/index`, phase, shape);
  const late = indexedColumns(operation, context).some((c) => context.backfilled.has(c));
  if (!late) return { ...NOTHING, afterExpand: [build('expand')] };
  return shape.unique
    ? { ...NOTHING, prove: [build('contract')] }
    : { ...NOTHING, settle: [build('settle')] };
}

function indexShape(operation: CreateIndex, context: RenderContext): IndexShape {
  const keys = operation.columns.map((c) => (isSql(c) ? `(${c.text})` : quote(c)));
  const names = operation.columns.map((c) => (isSql(c) ? 'expr' : c));
  const where = operation.where === undefined ? '' : ` where ${operation.where.text}`;
  return {
    table: context.table,
    name: operation.name ?? generatedName(context.table.name, ...names, 'idx'),
    unique: operation.unique ?? false,
    definition: `using ${quote(operation.using ?? 'btree')} (${keys.join(', ')})${where}`,
  };
}

function indexedColumns(operation: CreateIndex, context: RenderContext): readonly string[] {
  const expressions = [
    ...operation.columns.filter(isSql),
    ...(operation.where === undefined ? [] : [operation.where]),
  ];
  return [
    ...operation.columns.filter((c): c is string => typeof c === 'string'),
    ...expressions.flatMap((e) => context.reads(e.text)),
  ];
}
