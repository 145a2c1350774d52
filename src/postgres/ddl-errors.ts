import { BellowsError } from '#core/errors';
import type { Step } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
import type { StepOutcome } from '#ports';
import type { Attempt } from './ddl-context.js';

/**
 * A lock could not be had in time (55P03), the time was over (57014), a deadlock was resolved against us (40P01), or this
 * process stood still while it held a lock, and the server took it away (25P03).
 */
const BLOCKED: ReadonlySet<string> = new Set(['55P03', '57014', '40P01', '25P03']);

/** Classes whose messages name objects of the catalogue only; others (22, 23, P0) may quote what stands in a row. */
const SPEAKS_OF_CATALOGUE = /^(0A|2B|2F|3D|3F|42|53|54|55)/;

export function isBlocked(error: unknown): boolean {
  return BLOCKED.has(stateOf(error));
}

/** The SQLSTATE, or the empty string for what came from no server. */
export function stateOf(error: unknown): string {
  return sqlstateOf(error) ?? '';
}

/** The words of an integrity violation: constraint and table, never the key that PostgreSQL puts into its detail. */
export function violationOf(error: unknown): Extract<StepOutcome, { kind: 'violated' }> | null {
  const sqlstate = stateOf(error);
  if (sqlstate === '2BP01') return dependent(error);
  if (!sqlstate.startsWith('23')) return null;
  const table = field(error, 'table');
  const where = table === null ? '' : ` of table ${table}`;
  const constraint = field(error, 'constraint') ?? field(error, 'column') ?? 'a constraint';
  return {
    kind: 'violated',
    what: `${constraint}${where}: ${VIOLATIONS[sqlstate] ?? 'rows violate it'}`,
    sqlstate,
  };
}

/** The detail names the objects, and no row. A view made while the gate was shut must not end a contract half-way. */
function dependent(error: unknown): Extract<StepOutcome, { kind: 'violated' }> {
  const { message = '', detail = '' } = error as { readonly message?: string; readonly detail?: string };
  return {
    kind: 'violated',
    what: [message, ...detail.split('\n')].filter(Boolean).join('; '),
    sqlstate: '2BP01',
  };
}

const VIOLATIONS: Readonly<Record<string, string>> = {
  '23502': 'rows hold NULL in it',
  '23503': 'rows refer to a row that is not there',
  '23505': 'rows share one key',
  '23514': 'rows do not satisfy the check',
  '23P01': 'rows exclude each other',
};

function field(error: unknown, name: 'table' | 'constraint' | 'column'): string | null {
  const value =
    error instanceof Error ? (error as Error & { [key in typeof name]?: unknown })[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A statement of a step was refused for a reason that waiting does not cure. */
export class DdlError extends BellowsError {
  constructor(step: Step, sqlstate: string, message: string, left: string, next: string) {
    super(
      'BELLOWS_DDL',
      {
        what: `Step "${step.title}" failed: ${message}`,
        why: `PostgreSQL refused it with SQLSTATE ${sqlstate}.`,
        left,
        next,
      },
      { step: step.id, sqlstate },
    );
  }
}

/** An object stands where a step wants to build its own. */
export class ConflictingObjectError extends BellowsError {
  constructor(step: Step, what: string, why: string) {
    super(
      'BELLOWS_CONFLICTING_OBJECT',
      {
        what,
        why,
        left: 'The object that is there was left alone.',
        next: 'Drop or rename it, or choose another name in the migration file; then bellows resume <id>.',
      },
      { step: step.id },
    );
  }
}

/**
 * What to throw for an error of a step's statement. Errors of the connection, of the server's end and of ours go on as they
 * are: the caller knows how to treat them by their code.
 */
export function refused(
  attempt: Attempt,
  error: unknown,
  left = 'The transaction was rolled back.',
): unknown {
  attempt.signal.throwIfAborted();
  const sqlstate = stateOf(error);
  if (error instanceof BellowsError || sqlstate === '' || /^(08|57P)/.test(sqlstate)) return error;
  const message =
    SPEAKS_OF_CATALOGUE.test(sqlstate) && error instanceof Error
      ? error.message
      : 'its message is kept back, since it may hold values of rows';
  return new DdlError(
    attempt.step,
    sqlstate,
    message,
    left,
    `Look at the step in bellows plan ${attempt.run.migration}, then bellows resume ${attempt.run.migration}.`,
  );
}
