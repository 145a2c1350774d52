import type { Emit, EventMap } from '#core/events';
import type { Step } from '#core/plan';
import type { Database, DdlExecutor, RunRow, StepOutcome } from '#ports';
import { type Attempt, DDL_DEFAULTS, type Ddl, type DdlSettings, type Performed } from './ddl-context.js';
import { stateOf } from './ddl-errors.js';
import { performDropIndex, performIndex } from './ddl-index.js';
import { performScan } from './ddl-scan.js';
import { performTransaction } from './ddl-transaction.js';

export type { DdlSettings } from './ddl-context.js';

export interface DdlExecutorOptions {
  readonly database: Database;
  readonly emit: Emit;
  readonly settings?: Partial<DdlSettings>;
}

/**
 * The only way DDL reaches a table. One call of `perform` is one attempt: what is `blocked` is tried again by the caller,
 * which alone knows back-off, deadline and window. `violated` means that what the step did was taken back.
 *
 * Throws `FencedError` (the lease is lost; nothing was begun, or it was rolled back), `DdlError` (`BELLOWS_DDL`: refused,
 * waiting does not help), `ConflictingObjectError` (`BELLOWS_CONFLICTING_OBJECT`), the signal's reason, and errors of the
 * connection as they are.
 */
export function createDdlExecutor({ database, emit, settings = {} }: DdlExecutorOptions): DdlExecutor {
  const ddl: Ddl = { database, emit, settings: { ...DDL_DEFAULTS, ...settings } };
  const announced = new Set<string>();
  return {
    perform: async (run, step, fence, signal) => {
      announce(ddl, announced, run, step);
      const outcome = await told(ddl, { run, step, fence, signal });
      if (outcome.kind !== 'blocked') announced.delete(key(run, step));
      return outcome;
    },
  };
}

function key(run: RunRow, step: Step): string {
  return `${run.id} ${step.id}`;
}

/** A step that is tried again has been announced. */
function announce({ emit }: Ddl, announced: Set<string>, run: RunRow, step: Step): void {
  if (announced.has(key(run, step))) return;
  announced.add(key(run, step));
  emit('step:started', { migration: run.migration, step: step.id, title: step.title });
}

async function told(ddl: Ddl, attempt: Attempt): Promise<StepOutcome> {
  const { run, step, signal } = attempt;
  const begun = performance.now();
  const names = { migration: run.migration, step: step.id };
  try {
    signal.throwIfAborted();
    const result = await dispatch(ddl, attempt);
    tell(ddl, names, result);
    if (result.outcome.kind === 'done') {
      ddl.emit('step:done', {
        ...names,
        seconds: (performance.now() - begun) / 1000,
        skipped: result.skipped,
      });
    }
    return result.outcome;
  } catch (error) {
    const nothing = { lockWaitSeconds: null, lockHeldSeconds: null, blockers: [], queued: 0 };
    ddl.emit('step:attempt', { ...names, outcome: 'error', ...nothing });
    if (stateOf(error) !== '') ddl.emit('postgres:error', { operation: 'ddl', sqlstate: stateOf(error) });
    throw error;
  }
}

function dispatch(ddl: Ddl, { step, ...rest }: Attempt): Promise<Performed> {
  switch (step.kind) {
    case 'transaction':
      return performTransaction(ddl, { ...rest, step });
    case 'index':
      return performIndex(ddl, { ...rest, step });
    case 'drop_index':
      return performDropIndex(ddl, { ...rest, step });
    case 'scan':
      return performScan(ddl, { ...rest, step });
  }
}

type AttemptEvent = EventMap['step:attempt'];

function tell({ emit }: Ddl, names: Pick<AttemptEvent, 'migration' | 'step'>, result: Performed): void {
  const { outcome, lockWaitSeconds, lockHeldSeconds } = result;
  const { blockers, queued = [] } = outcome.kind === 'blocked' ? outcome : { blockers: [] };
  emit('step:attempt', {
    ...names,
    outcome: word(result),
    lockWaitSeconds,
    lockHeldSeconds,
    blockers,
    queued: queued.length,
  });
  if (outcome.kind !== 'done') emit('postgres:error', { operation: 'ddl', sqlstate: outcome.sqlstate });
}

function word({ outcome, waited }: Performed): AttemptEvent['outcome'] {
  if (outcome.kind === 'done') return 'ok';
  if (outcome.kind === 'violated') return 'error';
  if (outcome.sqlstate === '40P01') return 'deadlock';
  return waited ? 'lock_timeout' : 'statement_timeout';
}
