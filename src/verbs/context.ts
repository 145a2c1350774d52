import type { Emit, Listener } from '#core/events';
import type {
  Catalogue,
  Database,
  DatabaseServer,
  DdlExecutor,
  JobQueue,
  Lease,
  PaceSettings,
  RunStore,
} from '#ports';
import type { Project } from '#project/project';
import type { Settings } from '#project/settings';

/** What every verb works with; opened once for a process. */
export interface Context {
  readonly settings: Settings;
  readonly database: Database;
  readonly server: DatabaseServer;
  readonly store: RunStore;
  readonly lease: Lease;
  readonly ddl: DdlExecutor;
  readonly catalogue: Catalogue;
  readonly emit: Emit;
  /** Adds a listener: the metrics of a process that serves them. */
  readonly listen: (listener: Listener) => void;
  /** How this process is named in the history. */
  readonly actor: string;
  readonly version: string;
  /** Opened at first use: most verbs need no queue. */
  readonly queue: () => Promise<JobQueue>;
  /** The migrations folder, at most a few seconds old. */
  readonly project: () => Promise<Project>;
  /** Ends a session of the server; throws, in words, where there is none or it may not be ended. */
  readonly endSession: (pid: number) => Promise<void>;
  /** Creates or upgrades schema `bellows`; once a process. */
  readonly install: () => Promise<void>;
  /** Ends every connection of this process, the queue's too; the next verb opens new ones. */
  readonly disconnect: () => Promise<void>;
}

export function paceFrom({ backfill }: Settings): PaceSettings {
  return {
    concurrency: backfill.concurrency,
    targetMs: backfill.batchTargetMs,
    rowsPerSecond: backfill.rowsPerSecond,
  };
}
