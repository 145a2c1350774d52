import type { CheckResult } from './gate.js';
import type { LockMode } from './locks.js';
import type { StateKind } from './state.js';
import type { Hold } from './throttle.js';
import type { Cause } from './waits.js';

/** Everything that listeners (log, metrics, progress) may learn, with its payload. No row values, no secrets. */
export interface EventMap {
  'run:transition': {
    readonly migration: string;
    readonly from: StateKind;
    readonly to: StateKind;
    readonly event: string;
    readonly actor: string;
  };
  'run:failed': {
    readonly migration: string;
    readonly code: string;
    readonly message: string;
    readonly next: string;
  };
  /** Why it is not moving, where that has changed; looked for every few seconds by `serve`. */
  'run:waits': {
    readonly migration: string;
    readonly cause: Cause;
    readonly reason: string;
    readonly next: string;
  };
  'step:started': { readonly migration: string; readonly step: string; readonly title: string };
  'step:attempt': {
    readonly migration: string;
    readonly step: string;
    readonly outcome: 'ok' | 'lock_timeout' | 'deadlock' | 'statement_timeout' | 'error';
    /** Seconds waited for the lock, and held; `null` where no table lock is taken in a transaction. */
    readonly lockWaitSeconds: number | null;
    readonly lockHeldSeconds: number | null;
    readonly blockers: readonly Blocker[];
    /** Sessions that waited behind this attempt while it waited. */
    readonly queued: number;
  };
  'step:done': {
    readonly migration: string;
    readonly step: string;
    readonly seconds: number;
    readonly skipped: boolean;
  };
  'batch:committed': {
    readonly migration: string;
    readonly rows: number;
    readonly blocks: number;
    readonly seconds: number;
  };
  /** What a transform's batch spends its time on, told after each stage; only the write holds a transaction of ours open. */
  'batch:stage': {
    readonly migration: string;
    readonly stage: 'read' | 'transform' | 'write';
    readonly seconds: number;
  };
  'batch:failed': {
    readonly migration: string;
    readonly outcome: 'retried' | 'split' | 'failed' | 'fenced';
    readonly sqlstate: string;
  };
  'rows:quarantined': { readonly migration: string; readonly rows: number; readonly sqlstate: string };
  /** The leader vacuumed a table of the walk, so that its dead rows are reused. */
  'backfill:vacuumed': { readonly migration: string; readonly table: string; readonly seconds: number };
  'throttle:on': { readonly migration: string; readonly hold: Hold };
  'throttle:off': { readonly migration: string; readonly signal: string; readonly seconds: number };
  /** Each time the signals were read, about once a second while a backfill runs. */
  'throttle:read': { readonly migration: string; readonly signals: readonly SignalRead[] };
  /** In blocks, of the backfill that is being compared; after each part of the table. */
  'verify:progress': { readonly migration: string; readonly done: number; readonly total: number };
  'gate:evaluated': {
    readonly migration: string;
    readonly open: boolean;
    readonly results: readonly CheckResult[];
  };
  /** Another runner holds the right to run plain SQL; told again when it is somebody else. */
  'sql:waiting': { readonly holder: string };
  'sql:started': { readonly migration: string; readonly direction: 'up' | 'down' };
  /** An attempt met somebody's locks, and was taken back; it is tried again. */
  'sql:blocked': { readonly migration: string; readonly line: number; readonly blockers: readonly Blocker[] };
  /** Told when its transaction has committed. */
  'sql:statement': { readonly migration: string } & StatementCost;
  'sql:finished': {
    readonly migration: string;
    readonly direction: 'up' | 'down';
    readonly seconds: number;
  };
  'sql:failed': { readonly migration: string; readonly code: string; readonly message: string };
  /** A server that does not answer yet, told after each attempt; seconds since the first one. */
  'server:waiting': { readonly place: string; readonly reason: string; readonly seconds: number };
  'database:created': { readonly database: string; readonly place: string };
  'leader:changed': { readonly leading: boolean; readonly epoch: number };
  'job:started': { readonly migration: string; readonly waitSeconds: number };
  'job:finished': { readonly migration: string; readonly outcome: 'done' | 'yielded' | 'stale' | 'failed' };
  /** A job that is delivered once more: its worker fell silent, or the queue lost it and it was made again from the ledger. */
  'job:redelivered': { readonly cause: 'stalled' | 'reconciled' };
  /** Jobs that this process may walk at a time, and walks now; when the worker begins, and at each change. */
  'worker:slots': { readonly slots: number; readonly used: number };
  'queue:error': { readonly message: string };
  'postgres:error': { readonly operation: 'ddl' | 'batch' | 'control' | 'probe'; readonly sqlstate: string };
}
/** What one statement of a plain SQL migration cost. */
export interface StatementCost {
  /** Of the file, 1-based. */
  readonly line: number;
  readonly seconds: number;
  /** Table locks that it was the first to take, SHARE UPDATE EXCLUSIVE and stronger, held until its transaction ended. */
  readonly locks: readonly HeldLock[];
}
export interface HeldLock {
  readonly relation: string;
  readonly mode: LockMode;
  readonly heldSeconds: number;
}

export type EventName = keyof EventMap;

export interface SignalRead {
  readonly signal: string;
  /** False: reading it failed, and so it holds. */
  readonly readable: boolean;
}

/** A session that holds a lock we wait for. The query has its literals taken out. */
export interface Blocker {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  readonly state: string;
  readonly ageSeconds: number;
  readonly query: string;
}

export type Emit = <E extends EventName>(name: E, payload: EventMap[E]) => void;

/** Told of every event; one that throws cannot break a run. */
export type Listener = <E extends EventName>(name: E, payload: EventMap[E]) => void;

/** Tells all listeners; one that throws, at once or later, cannot break a run, nor keep the others from hearing it. */
export function emitter(listeners: readonly Listener[]): Emit {
  return (name, payload) => {
    for (const listener of listeners) {
      try {
        // TypeScript takes an async function for a listener, and Node ends a process for a rejection that nobody handles.
        const outcome: unknown = listener(name, payload);
        if (outcome instanceof Promise) outcome.catch(() => undefined);
      } catch {
        // An observer's failure is the observer's; there is nobody safe to tell.
      }
    }
  };
}
