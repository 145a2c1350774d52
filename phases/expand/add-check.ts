import type { AddCheck } from '#core/definition';
import { RefusedError } from '#core/errors';
import { displayTable } from '#core/identifier';
import type { Sql } from '#core/sql';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';
import { addConstraint, transactionStep, validateConstraint } from '../plan/steps.js';

/**
 * Adds a CHECK as NOT VALID and validates it in a second step, so that the scan blocks nobody. On a backfilled column, or
 * in `contract`, it is added at the start of contracting: an old deploy could violate it before.
 */
export function addCheck(name: string, check: Sql): AddCheck {
  return { kind: 'addCheck', name, check };
}

export function renderAddCheck(operation: AddCheck, context: RenderContext): Rendered {
  const { table, position } = context;
  refuseTaken(operation.name, context);
  const add = addConstraint(table, operation.name, `check (${operation.check.text})`, 'add check not valid');
  const late =
    context.inContract || context.reads(operation.check.text).some((c) => context.backfilled.has(c));
  if (!late) {
    return {
      ...NOTHING,
      expand: [add],
      afterExpand: [validateConstraint(`expand/${position}/validate`, 'expand', table, operation.name)],
    };
  }
  return { ...NOTHING, prove: proveConstraint(context, operation.name, [add]) };
}

/** A constraint of that name that is there already would be taken for ours: not added, and dropped by a rollback. */
export function refuseTaken(name: string, { facts, table }: RenderContext): void {
  if (!facts?.constraints.some((c) => c.name === name)) return;
  throw new RefusedError({
    what: `${displayTable(table)} already has a constraint ${name}.`,
    why: 'Whether it says the same as the migration is not known, and a rollback would drop it.',
    next: 'Choose another name in the migration file, or drop the constraint first.',
  });
}

/** NOT VALID, then VALIDATE, at the start of contracting. */
export function proveConstraint(
  { table, position }: RenderContext,
  name: string,
  actions: Parameters<typeof transactionStep>[4],
  alsoLocked: readonly RenderContext['table'][] = [],
) {
  return [
    transactionStep(
      `contract/${position}/constraint`,
      'contract',
      `add constraint ${name} on ${displayTable(table)}, not valid`,
      [table, ...alsoLocked],
      actions,
    ),
    validateConstraint(`contract/${position}/validate`, 'contract', table, name),
  ];
}
