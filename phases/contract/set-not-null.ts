import type { SetNotNull } from '#core/definition';
import { displayTable, generatedName, quote, quoteTable } from '#core/identifier';
import { proveConstraint } from '../expand/add-check.js';
import { columnNotNull } from '../plan/probes.js';
import { NOTHING, type RenderContext, type Rendered } from '../plan/rendered.js';
import { addConstraint, dropConstraint } from '../plan/steps.js';

/**
 * Makes a column NOT NULL without a scan under a lock: a CHECK is added NOT VALID and validated first, and SET NOT NULL
 * then takes the validated CHECK as its proof (PostgreSQL 12+), after which the CHECK goes.
 */
export function setNotNull(column: string): SetNotNull {
  return { kind: 'setNotNull', column };
}

export function renderSetNotNull(operation: SetNotNull, context: RenderContext): Rendered {
  const { table, runId } = context;
  const check = generatedName('bellows', String(runId), operation.column, 'not_null');
  const add = addConstraint(
    table,
    check,
    `check (${quote(operation.column)} is not null)`,
    'add check not valid',
  );
  return {
    ...NOTHING,
    prove: proveConstraint(context, check, [add]),
    cut: [
      {
        title: `set ${displayTable(table)}.${operation.column} not null`,
        form: 'set not null with a validated check',
        sql: `alter table ${quoteTable(table)} alter column ${quote(operation.column)} set not null`,
        probe: columnNotNull(table, operation.column),
        undo: null,
      },
      dropConstraint(table, check),
    ],
  };
}
