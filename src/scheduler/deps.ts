import type { Emit } from '#core/events';
import type { RunPlan } from '#core/plan';
import type { Catalogue, Database, DdlExecutor, JobQueue, Lease, RunStore } from '#ports';

/** The migrations folder as the leader needs it; a leader without the folder still drives runs that have begun. */
export interface MigrationFiles {
  /** The checksum of the file now; null: the file is gone; undefined: this process has no migrations folder. */
  checksum(migration: string): string | null | undefined;
  /** Plans again with the catalogue as it is now; null where the file is not here. */
  plan(migration: string, runId: number): Promise<RunPlan | null>;
}

export interface GateSettings {
  readonly environment: string;
  /** Waives soak, deployed and approval, never data checks. */
  readonly dataOnly: boolean;
  readonly approvalRequired: boolean;
}

export interface SchedulerDeps {
  readonly database: Database;
  readonly store: RunStore;
  readonly lease: Lease;
  readonly ddl: DdlExecutor;
  readonly catalogue: Catalogue;
  readonly queue: JobQueue;
  readonly emit: Emit;
  readonly files: MigrationFiles;
  readonly gate: GateSettings;
  /** Parts of a table that a verification reads at a time. */
  readonly verifyParallel: number;
  /** When expand and contract may begin, where the file does not say it; empty: always. */
  readonly ddlWindow: readonly string[];
  /** How long blocking DDL is tried before the run is paused and an operator asked, in seconds. */
  readonly ddlDeadlineSeconds: number;
  /** How this process is named in the history. */
  readonly actor: string;
  /** Waits, or returns early when the signal is aborted; never rejects. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** 0 to 1, for the jitter of back-off. */
  readonly random: () => number;
}
