import type { Reading } from '#core/throttle';
import type { Database } from '#ports';

/** A signal id as the documentation lists it: `lock_waiters`. */
export type SignalId = string;

export interface SignalContext {
  readonly database: Database;
  readonly runId: number;
  /** The operator's limit for this signal; null: its own default. */
  readonly limit: number | null;
}

/**
 * One thing that may hold the pace. To add one: a file with it, and a line in `signals.ts`.
 *
 * `read` throws where it cannot read: that stops the pace. It answers `n/a` only for what this server cannot offer at all.
 */
export interface Signal {
  readonly id: SignalId;
  readonly defaultOn: boolean;
  read(context: SignalContext): Promise<Reading>;
}
