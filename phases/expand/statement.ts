import type { Statement } from '#core/definition';
import type { Action } from '#core/plan';
import type { Sql } from '#core/sql';
import type { RenderContext } from '../plan/rendered.js';

/**
 * SQL that no operation covers, in a short transaction of its own under the same limits as every other blocking step.
 *
 * @param options.reason why it is safe on a table in use; printed by `plan`, kept in the history
 * @param options.undo takes it back on rollback; without it a rollback leaves it in place and says so
 */
export function statement(up: Sql, options: { readonly reason: string; readonly undo?: Sql }): Statement {
  return { kind: 'statement', up, ...options };
}

export function statementAction(operation: Statement, _context: RenderContext): Action {
  return {
    title: operation.reason,
    form: 'statement',
    sql: operation.up.text,
    probe: null,
    undo: operation.undo?.text ?? null,
  };
}
