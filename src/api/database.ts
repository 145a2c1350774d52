/** The verbs that work on the database from outside of it. */
import type { UpOptions, UpResult } from '../api.js';

/** The configured database. */
export interface DatabaseTarget {
  readonly name: string;
  /** `host:port`, or the folder of the socket. */
  readonly place: string;
  /** Why it is only dropped when its name is given (production, another machine); null: it may be dropped. */
  readonly guarded: string | null;
}
export interface DropOptions {
  /** The name of the database, where it is guarded. */
  readonly confirm?: string;
  /** End the sessions of others. */
  readonly force?: boolean;
}
export interface ResetResult {
  /** Whether there was a database. */
  readonly dropped: boolean;
  readonly up: UpResult;
}
export interface WaitOptions {
  /** Default: `DBMATE_WAIT_TIMEOUT`, else a minute. */
  readonly timeoutMs?: number;
  /** Between attempts. Default: `DBMATE_WAIT_INTERVAL`, else a second. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

export interface DatabaseVerbs {
  readonly target: DatabaseTarget;
  /** Creates the database; false: it was there. */
  create(): Promise<boolean>;
  /** Drops the database; false: there was none. */
  drop(options?: DropOptions): Promise<boolean>;
  /** Drops, creates, and goes up. */
  reset(options?: DropOptions & UpOptions): Promise<ResetResult>;
  /** Returns once the server answers. */
  wait(options?: WaitOptions): Promise<void>;
}
