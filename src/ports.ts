/** The few interfaces between the heart and the world. */
import type { ColumnType, RoutineFacts, ServerFacts, TableFacts } from '#core/catalogue-facts';
import type { Blocker } from '#core/events';
import type { CheckId, CheckResult, Finding } from '#core/gate';
import type { TableName } from '#core/identifier';
import type { RunPlan, Step } from '#core/plan';
import type { State, TransitionEvent } from '#core/state';
import type { Answer, Answers, Statement } from '#core/statement';
import type { Hold } from '#core/throttle';

export type Row = Readonly<Record<string, unknown>>;

/** Something that statements can be sent to; one statement a call, values as parameters. int8 arrives as `number` where it is safe, else as string. */
export interface Session {
  query<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
}

/** A connection of one's own. */
export interface DirectSession extends Session {
  /**
   * Several statements in one message, `begin` and `commit` too: behind the first that fails nothing is run, a `commit` neither.
   * `onAnswer` is told of each when its answer comes.
   */
  pipeline(statements: readonly Statement[], onAnswer?: (answer: Answer) => void): Promise<Answers>;
  /** The server process that runs a statement of this session now; null where there is none to be found. Asked from elsewhere. */
  backend(): Promise<number | null>;
}

/** Limits of one transaction, set with SET LOCAL so that nothing outlives it behind a pooler. Milliseconds; 0 = no limit. */
export interface TransactionLimits {
  readonly lockTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
  /** Default true. Batches turn it off: their ledger row is lost or kept together with them. */
  readonly synchronousCommit?: boolean;
  /** Off makes a query err instead of silently not seeing rows. Default: the server's. */
  readonly rowSecurity?: boolean;
  /** `replica` for `triggers: 'skip'`. */
  readonly replicationRole?: 'replica';
  readonly readOnly?: boolean;
  /** Every statement sees what the first one saw (REPEATABLE READ). Default: each sees what is there when it begins. */
  readonly snapshot?: boolean;
}

/** Reading ends with the row that reaches one of them. */
export interface ReadBounds {
  readonly rows: number;
  readonly bytes: number;
}
export interface SomeRows {
  /** The values of each row in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[];
  /** There may be further rows. */
  readonly more: boolean;
}

export interface Database extends Session {
  transaction<R>(limits: TransactionLimits, work: (tx: Session) => Promise<R>): Promise<R>;
  /** The first rows of a query, as many as fit into the bounds, in a read-only transaction of its own that has ended then. */
  readSome(
    limits: TransactionLimits,
    text: string,
    values: readonly unknown[],
    bounds: ReadBounds,
  ): Promise<SomeRows>;
  /**
   * A session of its own outside the pool, for what may not run in a transaction (CONCURRENTLY, VALIDATE, VACUUM).
   * `signal` cancels the running statement on the server and rejects. `onNotice` is told what statements raise.
   */
  direct<R>(
    signal: AbortSignal,
    work: (session: DirectSession) => Promise<R>,
    onNotice?: (message: string) => void,
  ): Promise<R>;
  close(): Promise<void>;
}

/** The server of the configured database, seen from outside of that database. */
export interface DatabaseServer {
  /** The database that it is about. */
  readonly database: string;
  /** `host:port`, or the folder of the socket. */
  readonly place: string;
  /** Does not leave this machine. */
  readonly local: boolean;
  /** False: it was there. */
  create(): Promise<boolean>;
  /** False: there was none. Throws, with their names, where others are connected; `force` ends their sessions. */
  drop(options: { readonly force: boolean }): Promise<boolean>;
  /** Null: the server answers. Else why it does not yet. Throws what waiting cannot cure. */
  probe(timeoutMs: number): Promise<string | null>;
}

/** Who holds the lease. Every fenced statement carries both: after a failover two leaders may hold the same number. */
export interface Fence {
  readonly holder: string;
  readonly epoch: number;
}

export interface Lease {
  /** Takes a free or expired lease; null while another holds it. */
  acquire(): Promise<Fence | null>;
  /** False: lost. The holder must stop what it is doing. */
  renew(fence: Fence): Promise<boolean>;
  release(fence: Fence): Promise<void>;
  holder(): Promise<{ readonly process: string; readonly epoch: number; readonly expiresAt: string } | null>;
}

export interface RunRow {
  readonly id: number;
  readonly migration: string;
  readonly checksum: string;
  readonly plan: RunPlan;
  readonly state: State;
  readonly version: number;
  readonly pace: PaceSettings;
  /** Check id -> why it is skipped and by whom. */
  readonly skips: Readonly<Partial<Record<CheckId, { readonly reason: string; readonly by: string }>>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The knobs of a backfill; effective at the next batch. */
export interface PaceSettings {
  /** Batches in flight at a time, now: at most `ceiling`, fewer while a signal is near its limit. Default 1. */
  readonly concurrency: number;
  /** Steered by how busy the server is, from 1 up to `ceiling`. Default false: `ceiling`, whenever nothing speaks against it. */
  readonly auto?: boolean;
  /** The most at a time. Default `concurrency`, with `auto` 4. */
  readonly ceiling?: number;
  /** How long a lone worker rests after a batch, as a multiple of the time that it took. Default 0. */
  readonly rest?: number;
  /** Target duration of a batch in milliseconds. Default 100. */
  readonly targetMs: number;
  /** Rows per second over all workers; null = no cap. */
  readonly rowsPerSecond: number | null;
  /** Vacuum the table as the walk goes. Default true. */
  readonly vacuum?: boolean;
  readonly throttle?: ThrottleSettings;
}

/** By signal id (`query:<name>` for the user's own): off, or what differs from its defaults and what it was declared with. */
export type ThrottleSettings = Readonly<
  Record<string, false | Readonly<Record<string, number | string | readonly string[]>>>
>;

export interface StepRow {
  readonly step: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly attempts: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly error: string | null;
  readonly blockers: readonly Blocker[];
}

/** How an actor is named in the history: `cli:anna@host`, `leader:host/pid`, `worker:…`, `api`. */
export type Actor = string;

export interface RunStore {
  /** The database's clock, ISO 8601. Ages, leases and windows use no other. */
  now(): Promise<string>;
  /** A fresh run id: names of marker and triggers carry it, so it is drawn before planning. */
  nextRunId(): Promise<number>;
  create(id: number, plan: RunPlan, pace: PaceSettings, actor: Actor): Promise<RunRow>;
  /** The runs that are neither done nor rolled back, by migration: what a leader looks at several times a second. */
  alive(): Promise<readonly RunRow[]>;
  /** The newest run of each migration; rolled-back ones included. */
  runs(): Promise<readonly RunRow[]>;
  run(migration: string): Promise<RunRow | null>;
  runById(id: number): Promise<RunRow | null>;
  /**
   * Applies a transition if nobody else did meanwhile, writes the history row, commits synchronously, returns the new row.
   * With a fence it also demands the lease. Throws `FencedError` when the version or the lease is not ours any more.
   */
  transition(run: RunRow, event: TransitionEvent, actor: Actor, fence: Fence | null): Promise<RunRow>;
  /** Puts a new plan in place of one of which nothing was done: the catalogue has changed while the run waited. Fenced and compared like a transition. */
  replan(run: RunRow, plan: RunPlan, actor: Actor, fence: Fence): Promise<RunRow>;
  steps(runId: number): Promise<readonly StepRow[]>;
  stepStarted(runId: number, step: Step, fence: Fence): Promise<void>;
  /** An attempt that met somebody's locks: it is tried again, and until then this says what it waits for. */
  stepBlocked(
    runId: number,
    stepId: string,
    error: string,
    blockers: readonly Blocker[],
    fence: Fence,
  ): Promise<void>;
  stepDone(runId: number, stepId: string, fence: Fence): Promise<void>;
  saveChecks(
    runId: number,
    results: Readonly<Record<CheckId, Finding>>,
    fence: Fence | null,
  ): Promise<readonly CheckResult[]>;
  checks(run: RunRow): Promise<readonly CheckResult[]>;
  /** The same of many runs, by their ids; empty where none was looked at yet. */
  checksOf(runs: readonly RunRow[]): Promise<ReadonlyMap<number, readonly CheckResult[]>>;
  /** Changes the pace as it is once the run is locked, and enters it into the history. What `change` throws leaves all as it was. */
  setPace(
    runId: number,
    change: (now: PaceSettings) => PaceSettings,
    actor: Actor,
    reason?: string,
  ): Promise<PaceSettings>;
  skipCheck(run: RunRow, check: CheckId, reason: string, actor: Actor): Promise<void>;
  record(entry: {
    readonly actor: Actor;
    readonly migration: string | null;
    readonly runId: number | null;
    readonly action: string;
    readonly detail: Row;
  }): Promise<void>;
  history(filter: { readonly migration?: string; readonly limit?: number }): Promise<readonly HistoryRow[]>;
  holds(runId: number): Promise<readonly Hold[]>;
}

export interface HistoryRow {
  readonly at: string;
  readonly actor: string;
  readonly migration: string | null;
  readonly action: string;
  readonly detail: Row;
}

/** Runs the steps of a plan safely; the only way DDL reaches a table. */
export interface DdlExecutor {
  /**
   * Performs one step and marks it done (transaction steps: in the same transaction). Idempotent: a step whose actions are
   * all found done by their probes is only marked.
   */
  perform(run: RunRow, step: Step, fence: Fence, signal: AbortSignal): Promise<StepOutcome>;
}
export type StepOutcome =
  | { readonly kind: 'done' }
  /** Locks were held by others until the deadline of this attempt; the caller tries again. */
  | {
      readonly kind: 'blocked';
      readonly blockers: readonly Blocker[];
      /** Who waited behind this attempt, longest first: what the application felt of it. */
      readonly queued?: readonly Blocker[];
      readonly sqlstate: string;
    }
  /** Data stands against it: a constraint does not hold (23xxx), a guard found rows. What the step did was taken back. */
  | { readonly kind: 'violated'; readonly what: string; readonly sqlstate: string };

/** Carries ids only: the queue may be read by others, lost, flushed or doubled. */
export interface RangeJob {
  readonly runId: number;
  readonly rangeId: number;
}
export type JobOutcome = 'done' | 'yielded' | 'stale';

export interface JobQueue {
  /** Adds a job under an id that was never used before. */
  enqueue(jobId: string, job: RangeJob): Promise<void>;
  /** Which of these jobs the queue still knows as waiting, delayed or active. */
  known(jobIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Starts taking jobs. */
  work(
    options: { readonly slots: number },
    handle: (job: RangeJob, context: JobContext) => Promise<JobOutcome>,
  ): Promise<JobWorker>;
  /** Jobs by state, for metrics. */
  counts(): Promise<Readonly<Record<'waiting' | 'active' | 'delayed' | 'failed', number>>>;
  /** What it runs on, in words: `BullMQ on Redis 127.0.0.1:6379`. Never a password. */
  readonly description: string;
  close(): Promise<void>;
}
export interface JobContext {
  /** Aborted on shutdown: finish or roll back the current batch, then return 'yielded'. */
  readonly signal: AbortSignal;
  readonly jobId: string;
  /** When it was enqueued; ms since the epoch, the queue's clock. */
  readonly enqueuedAt: number;
}
export interface JobWorker {
  /** Null after `close`; otherwise the error that ended it: a queue error that repeats stops the worker instead of looping. */
  readonly stopped: Promise<Error | null>;
  /** Waits for the running jobs. */
  close(): Promise<void>;
}

export interface Catalogue {
  server(): Promise<ServerFacts>;
  table(table: TableName): Promise<TableFacts | null>;
  routines(names: readonly string[]): Promise<readonly RoutineFacts[]>;
  /** `format_type` of a type name as a file writes it; null where the server does not know it. */
  typeName(type: string): Promise<string | null>;
  /** Which of these type names (as the parser gives them, `schema.name` or `name`) are PostgreSQL's own. */
  builtInTypes(types: readonly string[]): Promise<readonly string[]>;
  /** True when the default expression is volatile on this server. */
  isVolatile(expression: string): Promise<boolean>;
  /** Why this can be no condition on the rows of a table that gets these columns too; null where nothing speaks against it. */
  conditionProblem(table: TableName, added: readonly ColumnType[], condition: string): Promise<string | null>;
  /** A digest of the catalogue entries of these tables, as the gate compares them; independent of Bellows' version. */
  fingerprint(tables: readonly TableName[]): Promise<string>;
}
