/** What the state gauges show, as it was read. */
import type { CheckId } from '#core/gate';
import type { State } from '#core/state';
import type { Phase } from './labels.js';
import type { ServerReading, TablesReading, TriggerReading } from './server-state.js';

export interface StateForMetrics {
  /** The newest run of each migration, without those that ended more than 24 hours ago. */
  readonly migrations: readonly MigrationReading[];
  readonly workers: { readonly live: number; readonly stale: number };
  readonly server: ServerReading;
  /** Statements of plain SQL of the last 24 hours, the slowest. */
  readonly plain: readonly PlainStatementReading[];
  /** Entries of the history by action. */
  readonly audit: ReadonlyMap<string, number>;
  /** Of the leader's lease. */
  readonly epoch: number;
  /** Seconds that the oldest job without a worker has waited; 0 where none waits. */
  readonly oldestWait: number;
}

export interface MigrationReading {
  readonly migration: string;
  readonly checksum: string;
  /** `orders`, `sales.orders`. */
  readonly tables: readonly string[];
  readonly state: State;
  readonly phases: Readonly<Partial<Record<Phase, PhaseReading>>>;
  /** Null where the migration has no backfill. */
  readonly backfill: BackfillReading | null;
  /** Null where the migration is not at the gate. */
  readonly gate: GateReading | null;
  readonly steps: readonly StepReading[];
  /** Null where there was no finished verification. */
  readonly verification: VerificationReading | null;
  readonly decisions: Readonly<Record<Decision, number>>;
  /** Null where the tables are gone. */
  readonly onTables: TablesReading | null;
  /** Null where there is no sync trigger, or none any more. */
  readonly trigger: TriggerReading | null;
}

export interface PlainStatementReading {
  readonly migration: string;
  /** Of its file. */
  readonly line: number;
  readonly seconds: number;
  /** How long it held the table lock that it held longest; null: it took none that anybody waits for. */
  readonly lockSeconds: number | null;
}

export interface PhaseReading {
  /** When it was last entered, seconds since 1970, the database's clock. */
  readonly at: number;
  /** Spent in it, all visits together. */
  readonly seconds: number;
}

export interface BackfillReading {
  /** Null while an old ledger is still being added up. */
  readonly rowsDone: number | null;
  /** Null where a table was never analysed. */
  readonly rowsExpected: number | null;
  /** 0 to 1; null before the walk is planned. */
  readonly progress: number | null;
  readonly etaSeconds: number | null;
  /** Seconds since 1970, the database's clock; null before the first batch. */
  readonly lastCommit: number | null;
  readonly concurrency: number;
  readonly ceiling: number;
  /** Null: no cap. */
  readonly rowsPerSecond: number | null;
  readonly targetSeconds: number;
  /** Null where no batch was committed lately. */
  readonly batchRows: number | null;
  readonly inFlight: number;
  readonly quarantined: number;
  /** Signals that hold it now. */
  readonly holds: readonly string[];
  readonly throttled: readonly ThrottledReading[];
  readonly vacuum: VacuumReading;
  /** How near each signal is to its limit, where that is known. */
  readonly signals: readonly SignalReading[];
}

/** Of all tables of the walk. */
export interface VacuumReading {
  readonly vacuums: number;
  readonly seconds: number;
}

export interface SignalReading {
  readonly signal: string;
  /** 1 holds. */
  readonly utilisation: number;
}

export interface ThrottledReading {
  readonly signal: string;
  readonly seconds: number;
  readonly events: number;
}

export interface GateReading {
  readonly checks: ReadonlyMap<CheckId, boolean>;
  /** Seconds since 1970; null where nothing was evaluated yet. */
  readonly evaluatedAt: number | null;
}

export interface StepReading {
  readonly step: string;
  readonly seconds: number;
  readonly blocking: number;
}

export interface VerificationReading {
  readonly matched: number;
  readonly mismatched: number;
  /** Mismatched rows of the newest one. */
  readonly latest: number;
}

export const DECISIONS = ['approved', 'skipped'] as const;
export type Decision = (typeof DECISIONS)[number];
