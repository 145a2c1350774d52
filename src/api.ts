/** The verbs of Bellows as a library: what the command line and applications call. */

import type { Blocker } from '#core/events';
import type { CheckId, CheckResult } from '#core/gate';
import type { Notice, RunPlan } from '#core/plan';
import type { MigrationStatus } from '#core/status';
import type { HistoryRow, PaceSettings, StepRow } from '#ports';
import type { ChangelogVerbs } from './api/changelog.js';
import type { DataVerbs } from './api/data.js';
import type { DatabaseVerbs } from './api/database.js';
import type { PlainRunOptions, PlainVerbs } from './api/plain.js';
import type { SchemaFileVerbs } from './api/schema-file.js';
import type { SignalReading, TimeLost, WalkView } from './api/walk.js';

export type { CheckOptions, CheckReport, SeedOptions, SeedReport } from './api/data.js';
export type { DatabaseTarget, DropOptions, ResetResult, WaitOptions } from './api/database.js';
export type {
  DryRun,
  PlainDryRun,
  PlainRunOptions,
  Resolution,
  Validation,
  ValidationFinding,
} from './api/plain.js';
export type {
  DumpCheck,
  DumpFacts,
  DumpOptions,
  DumpResult,
  LoadOptions,
  LoadResult,
} from './api/schema-file.js';
export type { SignalReading, TimeLost, WalkView } from './api/walk.js';

export interface Status {
  readonly migrations: readonly MigrationStatus[];
}

/** `status <id>`: the one screen that answers "why is it not moving". */
export interface MigrationDetail {
  readonly migration: MigrationStatus;
  readonly description: string;
  readonly checksum: string;
  /** The file's checksum now differs, or the file is gone; null: it agrees. */
  readonly drift: string | null;
  readonly steps: readonly StepDetail[];
  readonly blockers: readonly Blocker[];
  readonly leader: { readonly process: string; readonly epoch: number } | null;
  readonly workers: { readonly live: number; readonly stale: number };
  readonly pace: PaceSettings | null;
  /** Share of the walk that is done by blocks, 0 to 1; null before it is planned. */
  readonly progress: number | null;
  readonly pass: number;
  /** By signal, holds that last included; most first. */
  readonly lost: readonly TimeLost[];
  /** What stops first, then what is nearest to its limit; empty before the walk. */
  readonly signals: readonly SignalReading[];
  readonly notices: readonly Notice[];
}
export interface StepDetail {
  readonly id: string;
  readonly phase: string;
  readonly title: string;
  readonly lock: string;
  readonly blocks: string;
  readonly sql: readonly string[];
  readonly run: StepRow | null;
}

/** `plan`: what would be done, and nothing of it done. */
export interface PlanView {
  readonly id: string;
  readonly description: string;
  readonly checksum: string;
  readonly state: string;
  readonly plan: RunPlan;
  /** The batch statement, how its rows are found in words, and the EXPLAIN of that; one per backfill. */
  readonly batches: readonly {
    readonly table: string;
    readonly sql: string;
    readonly access: string;
    readonly explain: readonly string[];
  }[];
  /** Signals that this server, or the role, cannot offer; `holds`: one that was declared, so the backfill waits for it. */
  readonly notApplicable: readonly {
    readonly signal: string;
    readonly text: string;
    readonly release: string;
    readonly holds: boolean;
  }[];
}

export interface UpOptions {
  /** Only this migration is begun; runs that were begun before go on beside it. Default: all of the folder. */
  readonly migration?: string;
  /** Migrations up to and including this version. */
  readonly to?: string;
  /** How far each goes. Default `expanded` with `detach`, `done` where the environment's gate is `data-only`, else `gated`. */
  readonly until?: 'expanded' | 'gated' | 'done';
  /** Return after expand, with the jobs queued. */
  readonly detach?: boolean;
  /** Approve when only the approval is missing: for development. */
  readonly approve?: { readonly reason: string };
  /** Create a missing database in production too; elsewhere it is created without being asked. */
  readonly create?: boolean;
  /** Refuse a pending plain migration that is older than an applied one. Default: the setting `strict`. */
  readonly strict?: boolean;
  /** How long another process that runs plain SQL is waited for, in milliseconds. Default: 10 minutes. */
  readonly lockWaitMs?: number;
  readonly signal?: AbortSignal;
  /** Told what plain SQL raises (`RAISE NOTICE`), as it comes. */
  readonly onNotice?: (message: string) => void;
  /** Told after each look at the runs, up to five times a second. An error of its own is dropped. */
  readonly onProgress?: (status: Status) => void;
}
export interface UpResult {
  readonly migrations: readonly MigrationStatus[];
  /** The schema file, where it was written anew. */
  readonly schemaFile: string | null;
  /** True when everything went as far as `until` says. */
  readonly reached: boolean;
  readonly seconds: number;
}

export interface GateReport {
  readonly migration: string;
  readonly open: boolean;
  readonly checks: readonly CheckResult[];
}

export interface VerificationReport {
  readonly migration: string;
  readonly rows: number;
  readonly pending: number;
  readonly mismatched: number;
  readonly bothDisagree: number;
  readonly coverageOnly: boolean;
  /** Null where no repair was asked for. The counts above were taken after it. */
  readonly repaired: {
    /** Rows that new deploys wrote, whose old side was computed again. */
    readonly recomputed: number;
    /** Rows that are pending again, and filled by the next sweep. */
    readonly returned: number;
    /** Rows that nobody can put right without guessing, or that were written meanwhile. */
    readonly left: number;
  } | null;
  readonly seconds: number;
}

export interface QuarantinedRow {
  readonly id: number;
  readonly migration: string;
  readonly table: string;
  /** The row's primary key, or its block address where the table has none. */
  readonly key: string;
  readonly sqlstate: string;
  readonly reason: string;
  readonly state: 'open' | 'retried' | 'skipped';
  readonly foundAt: string;
}

/** `set <id>`: what may be changed while a run is under way. */
export interface KnobsView {
  readonly migration: string;
  readonly knobs: readonly {
    /** `rate`, `concurrency`, `replication_lag` (on or off), `replication_lag.seconds`. */
    readonly name: string;
    /** True and false stand for on and off; null: no limit. */
    readonly value: number | string | boolean | null;
    readonly default: number | string | boolean | null;
    readonly meaning: string;
  }[];
}

export interface DeployRow {
  readonly application: string;
  readonly version: string;
  readonly at: string;
  readonly by: string;
}

export interface ServeOptions {
  readonly signal: AbortSignal;
  /** Told once everything listens and leads or follows. */
  readonly onReady?: (addresses: { readonly metrics: string; readonly page: string }) => void;
}
export interface WorkerOptions {
  readonly signal: AbortSignal;
  /** Ranges walked at a time by this process. Default 4; the run's concurrency is the cap over all. */
  readonly slots?: number;
  readonly onReady?: (addresses: { readonly metrics: string }) => void;
}

export interface Bellows extends ChangelogVerbs, DataVerbs, DatabaseVerbs, PlainVerbs, SchemaFileVerbs {
  up(options?: UpOptions): Promise<UpResult>;
  plan(migration?: string): Promise<readonly PlanView[]>;
  status(): Promise<Status>;
  statusOf(migration: string): Promise<MigrationDetail>;
  walk(migration: string): Promise<WalkView>;
  pause(migration: string, options: { readonly reason: string }): Promise<MigrationStatus>;
  /** Resumes a paused run, retries a failed one. */
  resume(migration: string): Promise<MigrationStatus>;
  /** The knobs of a run with their values. */
  knobs(migration: string): Promise<KnobsView>;
  /**
   * Turns knobs by name, all of them or none; effective at the next batch, kept across restarts, in the history with the reason.
   * Throws `BELLOWS_KNOB` for a name or a value that is none, `BELLOWS_RUN_OVER` for a run that has ended.
   */
  set(
    migration: string,
    changes: Readonly<Record<string, string>>,
    options?: { readonly reason?: string },
  ): Promise<KnobsView>;
  verify(
    migration: string,
    options?: {
      readonly repair?: boolean;
      /** Parts of the table read at a time. Default `backfill.verifyParallel`. */
      readonly parallel?: number;
      readonly signal?: AbortSignal;
      readonly onProgress?: (done: number, total: number) => void;
    },
  ): Promise<VerificationReport>;
  gate(migration: string): Promise<GateReport>;
  skipCheck(migration: string, check: CheckId, options: { readonly reason: string }): Promise<GateReport>;
  approve(migration: string, options: { readonly reason: string }): Promise<GateReport>;
  /** Contracts now. Throws when the gate is shut, with what is missing. */
  contract(migration: string, options?: { readonly signal?: AbortSignal }): Promise<MigrationStatus>;
  /** Without a name: the newest one. A plain one is taken back by its down block. */
  rollback(migration?: string, options?: PlainRunOptions): Promise<MigrationStatus>;
  readonly quarantine: {
    list(migration?: string): Promise<readonly QuarantinedRow[]>;
    /** Returns rows to pending; how many. */
    retry(migration: string, id?: number): Promise<number>;
    /** Leaves rows as they are, by decision, with a reason; how many. */
    skip(migration: string, options: { readonly reason: string; readonly id?: number }): Promise<number>;
  };
  /** Ends a session that blocks; audited. */
  kill(pid: number, options?: { readonly reason?: string }): Promise<void>;
  readonly deploys: {
    record(application: string, version: string): Promise<void>;
    list(): Promise<readonly DeployRow[]>;
  };
  history(filter?: { readonly migration?: string; readonly limit?: number }): Promise<readonly HistoryRow[]>;
  /** Leader, reconciler, web page and API, metrics and health, until the signal is aborted. */
  serve(options: ServeOptions): Promise<void>;
  worker(options: WorkerOptions): Promise<void>;
  /** Throws unless every migration of the folder is at least readable by new deploys (settled): for an application's start. */
  assertUpToDate(): Promise<void>;
  /** What the queue runs on, in words. */
  queue(): Promise<string>;
  close(): Promise<void>;
}

/** What the web page and the HTTP API offer: verbs that look, and those that an operator moves a run with. */
export type Operations = Pick<
  Bellows,
  | 'status'
  | 'statusOf'
  | 'walk'
  | 'history'
  | 'quarantine'
  | 'pause'
  | 'resume'
  | 'knobs'
  | 'set'
  | 'verify'
  | 'gate'
  | 'skipCheck'
  | 'approve'
  | 'contract'
  | 'rollback'
>;
