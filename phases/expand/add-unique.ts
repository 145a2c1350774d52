import type { AddUnique } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable, generatedName, quote, quoteList, quoteTable } from '#core/identifier';
import type { Action, Step, StepPhase } from '#core/plan';
import { constraintExists } from '../plan/probes.js';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';
import { indexStep, transactionStep } from '../plan/steps.js';
import { refuseTaken } from './add-check.js';

/**
 * Adds a UNIQUE constraint from an index that is built CONCURRENTLY. On a backfilled column, or in `contract`, it is built
 * at the start of contracting: an old deploy could violate it, and a unique index makes every batch lock the key.
 */
export function addUnique(columns: readonly string[], options: { readonly name?: string } = {}): AddUnique {
  return { kind: 'addUnique', columns, ...options };
}

export function renderAddUnique(operation: AddUnique, context: RenderContext): Rendered {
  if (context.facts?.kind === 'partitioned') throw partitioned(context);
  refuseTaken(constraintName(operation, context), context);
  const late = context.inContract || operation.columns.some((c) => context.backfilled.has(c));
  if (late) return { ...NOTHING, prove: uniqueSteps(operation, context, 'contract') };
  return { ...NOTHING, afterExpand: uniqueSteps(operation, context, 'expand') };
}

function uniqueSteps(operation: AddUnique, context: RenderContext, phase: StepPhase): readonly Step[] {
  const { table, position } = context;
  const name = constraintName(operation, context);
  const definition = `using btree (${quoteList(operation.columns)})`;
  return [
    indexStep(`${phase}/${position}/index`, phase, { table, name, unique: true, definition }),
    transactionStep(
      `${phase}/${position}/constraint`,
      phase,
      `make ${name} a constraint`,
      [table],
      [usingIndex(operation, context)],
    ),
  ];
}

function usingIndex(operation: AddUnique, context: RenderContext): Action {
  const name = constraintName(operation, context);
  const table = quoteTable(context.table);
  return {
    title: `add unique constraint ${name} using its index`,
    form: 'add unique using index',
    sql: `alter table ${table} add constraint ${quote(name)} unique using index ${quote(name)}`,
    probe: constraintExists(context.table, name),
    undo: `alter table ${table} drop constraint if exists ${quote(name)}`,
  };
}

function constraintName(operation: AddUnique, { table }: RenderContext): string {
  return operation.name ?? generatedName(table.name, ...operation.columns, 'key');
}

function partitioned({ table }: RenderContext): RefusedError {
  return new RefusedError({
    what: `A unique constraint cannot be added to the partitioned table ${displayTable(table)} without blocking it.`,
    why: 'PostgreSQL cannot turn an index of a partitioned table into a constraint (USING INDEX), and adding it directly builds it while reads and writes wait.',
    next: 'Use createIndex([...], { unique: true }), which holds the same rule.',
  });
}
