import type { AddCheck } from '#core/definition';
import { displayTable } from '#core/identifier';
import type { Sql } from '#core/sql';
import { NOTHING, type RenderContext, type Rendered } from '../rendered.js';
import { addConstraint, transactionStep, validateConstraint } from '../steps.js';

/**
 * Adds a CHECK as NOT VALID and validates it in a second step, so that the scan blocks nobody. On a backfilled column, or
 * in `contract`, it is added at the start of contracting: an old deploy could violate it before.
 */
export function addCheck(name: string, check: Sql): AddCheck {
  return { kind: 'addCheck', name, check };
}

export function renderAddCheck(operation: AddCheck, context: RenderContext): Rendered {
  const { table, position } = context;
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
