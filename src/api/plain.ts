/** Plain SQL migrations, beyond what `up` and `status` do for all. */
import type { PlanView } from '#api';
import type { MigrationStatus } from '#core/status';

export interface PlainRunOptions {
  readonly signal?: AbortSignal;
  /** How long another process that runs plain SQL is waited for, in milliseconds. Default: 10 minutes. */
  readonly lockWaitMs?: number;
  /** Told what plain SQL raises (`RAISE NOTICE`), as it comes. */
  readonly onNotice?: (message: string) => void;
}

/**
 * How a plain migration that stopped half-way is ended: it was finished by hand, it was taken back by hand, or it goes on from the
 * statement that it stopped at. `applied` also takes a pending file for applied, and an edited one for what it is now.
 */
export type Resolution = 'applied' | 'rolled-back' | 'continue';

/** One thing that is wrong with the migrations folder, or between it and the database. */
export interface ValidationFinding {
  readonly kind: 'file' | 'edited' | 'missing' | 'renamed' | 'late' | 'unresolved';
  readonly migration: string | null;
  readonly file: string | null;
  /** 1-based; null where it is the file as a whole. */
  readonly line: number | null;
  readonly column: number | null;
  readonly code: string;
  readonly message: string;
  readonly next: string;
}
export interface Validation {
  /** Whether the database was looked at; without one only the files are. */
  readonly database: boolean;
  readonly migrations: number;
  readonly findings: readonly ValidationFinding[];
}

/** What `up` would do. Everything that it reads, it reads in transactions that the server keeps read-only. */
export interface DryRun {
  readonly migrations: readonly (PlainDryRun | ({ readonly kind: 'phased' } & PlanView))[];
}
export interface PlainDryRun {
  readonly kind: 'sql';
  readonly id: string;
  readonly file: string;
  /** Why its turn has not come; null: it would be run now. */
  readonly waitsFor: string | null;
  /** What commits as a whole, in order. */
  readonly units: readonly {
    readonly transaction: boolean;
    readonly statements: readonly { readonly line: number; readonly sql: string }[];
  }[];
}

export interface PlainVerbs {
  /** What `up` would do, and nothing of it done. */
  dryRun(options?: { readonly migration?: string; readonly to?: string }): Promise<DryRun>;
  /** Takes back several plain migrations, newest first: the last `steps`, or all above the version `to`. */
  rollbackMany(
    target: { readonly steps: number } | { readonly to: string },
    options?: PlainRunOptions,
  ): Promise<readonly MigrationStatus[]>;
  /** Ends a plain migration that stopped half-way. */
  resolve(
    migration: string,
    how: Resolution,
    options?: PlainRunOptions & { readonly reason?: string },
  ): Promise<MigrationStatus>;
  /** Takes every migration up to this version (default: all) for applied, and runs none: for a database that is there already. */
  baseline(to?: string): Promise<readonly MigrationStatus[]>;
  /** Holds files and database against each other; changes nothing. */
  validate(): Promise<Validation>;
}
