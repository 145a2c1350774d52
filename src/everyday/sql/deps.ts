import type { Blocker, Emit } from '#core/events';
import type { TableName } from '#core/identifier';
import type { Database } from '#ports';

/** What running plain SQL needs of the world. */
export interface PlainDeps {
  readonly database: Database;
  readonly emit: Emit;
  /** How this process is named in the history. */
  readonly actor: string;
  /** The table of applied versions. */
  readonly table: TableName;
  /** `lock_timeout` of statements in a transaction, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** How long a transaction whose locks did not come is tried again, in milliseconds. */
  readonly deadlineMs: number;
  /** The sessions that a backend waits for. */
  readonly blockersOf: (pid: number) => Promise<readonly Blocker[]>;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
}
