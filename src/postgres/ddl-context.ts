import type { Emit } from '#core/events';
import type { Step } from '#core/plan';
import type { Actor, Database, Fence, RunRow, StepOutcome } from '#ports';

export interface DdlSettings {
  /**
   * How long one attempt may make the application wait: for the lock, the guards and the statements together.
   * Milliseconds; default 500.
   */
  readonly stallMs: number;
  /**
   * How long CONCURRENTLY and VALIDATE wait for one lock or one old transaction. They block nobody meanwhile, and an index
   * build that gives up begins again from nothing. Milliseconds; default 30 minutes.
   */
  readonly longLockTimeoutMs: number;
  /** How often something that another session does is looked at. Milliseconds; default 250. */
  readonly pollMs: number;
  /** Who stands in the history. Default `leader`. */
  readonly actor: Actor;
}

export const DDL_DEFAULTS: DdlSettings = {
  stallMs: 500,
  longLockTimeoutMs: 30 * 60_000,
  pollMs: 250,
  actor: 'leader',
};

/** What every step needs. */
export interface Ddl {
  readonly database: Database;
  readonly emit: Emit;
  readonly settings: DdlSettings;
}

/** One call of `perform`. */
export interface Attempt<S extends Step = Step> {
  readonly run: RunRow;
  readonly step: S;
  readonly fence: Fence;
  readonly signal: AbortSignal;
}

/** What came of a step: the outcome of the port, with what listeners want to know. */
export interface Performed {
  readonly outcome: StepOutcome;
  /** Everything was found done. */
  readonly skipped: boolean;
  /** Seconds; null where no table lock was taken in a transaction. */
  readonly lockWaitSeconds: number | null;
  readonly lockHeldSeconds: number | null;
  /** The server gave up waiting for a lock, as opposed to a statement that took too long under it. */
  readonly waited: boolean;
}

/** The outcome of something that takes no table lock in a transaction. */
export function performed(outcome: StepOutcome, skipped = false): Performed {
  return {
    outcome,
    skipped,
    lockWaitSeconds: null,
    lockHeldSeconds: null,
    waited: outcome.kind === 'blocked',
  };
}

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
