/**
 * Where every table of a migration is empty and the gate asks for data only, there is nothing to move and nobody to wait
 * for: expand and contract run straight through in one transaction, without marker, trigger, queue or concurrent builds.
 * That the tables are empty is read again under the lock; one row is enough to take the whole way after all.
 */
import { displayTable, quoteTable, type TableName } from '#core/identifier';
import type { Action, Step, TransactionStep } from '#core/plan';
import type { Rendered } from './rendered.js';
import { transactionStep } from './steps.js';

export interface StraightParts {
  readonly rendered: Rendered;
  /** Bound functions of mappings are left out: nothing is mapped. */
  readonly statementsBefore: readonly TransactionStep[];
  readonly statementsAfter: readonly TransactionStep[];
  readonly tables: readonly TableName[];
}

export function straightStep({
  rendered,
  statementsBefore,
  statementsAfter,
  tables,
}: StraightParts): TransactionStep {
  const actions: readonly Action[] = [
    ...rendered.expand,
    ...actionsOf([...rendered.afterExpand, ...rendered.settle, ...statementsBefore, ...rendered.prove]),
    ...rendered.cut,
    ...rendered.drop,
    ...actionsOf(statementsAfter),
  ];
  return transactionStep(
    'expand/straight',
    'expand',
    'go straight through: the tables are empty',
    tables,
    actions,
    {
      guards: tables.map((table) => ({
        title: `${displayTable(table)} is empty`,
        sql: `select 1 from ${quoteTable(table)} limit 1`,
      })),
    },
  );
}

/** CONCURRENTLY cannot run in a transaction, and an empty table has nobody to be gentle with. */
function actionsOf(steps: readonly Step[]): readonly Action[] {
  return steps.flatMap((step): readonly Action[] => {
    if (step.kind === 'transaction') return step.actions;
    if (step.kind === 'drop_index') return [];
    if (step.kind === 'scan') return [step.action];
    const sql = step.action.sql.replace(' concurrently ', ' ');
    return [{ ...step.action, sql, title: step.action.title.replace(', concurrently', '') }];
  });
}
