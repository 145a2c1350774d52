/** What the state gauges show, read from Bellows' own tables. A user's table is never looked at, so a reading costs the application nothing. */
import { CHECKS, type CheckId, holds, MAX_AGE_SECONDS, type Verdict } from '#core/gate';
import { displayTable, type TableName } from '#core/identifier';
import { innerState, type State } from '#core/state';
import { etaSeconds } from '#core/status';
import type { Database, Row, Session } from '#ports';
import { PHASES, type Phase } from './labels.js';
import { type RowCounter, rowCounter } from './row-counter.js';
import {
  CHECK_ROWS,
  ENTERED_ROWS,
  HOLD_ROWS,
  LEDGER_ROWS,
  QUARANTINE_ROWS,
  RUN_ROWS,
  WORKER_ROWS,
} from './state-sql.js';

export interface StateForMetrics {
  /** The newest run of each migration, without those that ended more than 24 hours ago. */
  readonly migrations: readonly MigrationReading[];
  readonly workers: { readonly live: number; readonly stale: number };
}

export interface MigrationReading {
  readonly migration: string;
  readonly checksum: string;
  /** `orders`, `sales.orders`. */
  readonly tables: readonly string[];
  readonly state: State;
  /** Seconds since 1970, the database's clock. */
  readonly entered: Readonly<Partial<Record<Phase, number>>>;
  /** Null where the migration has no backfill. */
  readonly backfill: BackfillReading | null;
  /** Every check and whether it passes; null where the migration is not at the gate. */
  readonly gate: ReadonlyMap<CheckId, boolean> | null;
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
  readonly targetSeconds: number;
  readonly quarantined: number;
  /** Signals that hold it now. */
  readonly holds: readonly string[];
}

interface RunOfState extends Row {
  readonly id: string;
  readonly migration: string;
  readonly checksum: string;
  readonly tables: readonly TableName[] | null;
  readonly state: State;
  readonly backfills: number;
  readonly rowsExpected: number | null;
  readonly concurrency: number | null;
  readonly targetMs: number | null;
}
interface OfRun extends Row {
  readonly run: string;
}
interface Ledger extends OfRun {
  /** Backfills whose walk is planned. */
  readonly planned: number;
  readonly blocks: number;
  readonly passed: number;
  readonly walked: boolean;
  readonly rowsExpected: number | null;
  readonly lastCommit: number | null;
  readonly recentBatches: number;
  readonly recentBlocks: number;
  readonly recentSeconds: number | null;
}
interface Check extends OfRun {
  readonly check: string;
  readonly verdict: Verdict;
  readonly skipped: string | null;
  readonly age: number;
}
type Entered = OfRun & { readonly to: string; readonly at: number };
type HoldRow = OfRun & { readonly signal: string };
type Quarantine = OfRun & { readonly rows: number };

/** Few statements, each by an index of the ledger. Give it a session of a read-only transaction under a statement timeout. */
export async function readStateFrom(
  session: Session,
  countRows: RowCounter = rowCounter(),
): Promise<StateForMetrics> {
  const runs = await session.query<RunOfState>(RUN_ROWS);
  const ids = [runs.map((run) => run.id)];
  const entered = await session.query<Entered>(ENTERED_ROWS, [...ids, runs.map((r) => r.migration), PHASES]);
  const ledger = await session.query<Ledger>(LEDGER_ROWS, ids);
  const rows = await countRows(session);
  const held = await session.query<HoldRow>(HOLD_ROWS, ids);
  const quarantine = await session.query<Quarantine>(QUARANTINE_ROWS, ids);
  const checks = await session.query<Check>(CHECK_ROWS, ids);
  const [workers] = await session.query<{ live: number; stale: number }>(WORKER_ROWS);
  const migrations = runs.map((run): MigrationReading => {
    const own = <R extends OfRun>(rows: readonly R[]): readonly R[] =>
      rows.filter((row) => row.run === run.id);
    const facts = {
      ledger: own(ledger)[0],
      rowsDone: rows === null ? null : (rows.get(run.id) ?? 0),
      held: own(held),
      quarantined: own(quarantine)[0]?.rows ?? 0,
    };
    return {
      migration: run.migration,
      checksum: run.checksum,
      tables: (run.tables ?? []).map(displayTable),
      state: run.state,
      entered: Object.fromEntries(own(entered).map(({ to, at }) => [to, at])),
      backfill: run.backfills === 0 ? null : backfillOf(run, facts),
      gate: innerState(run.state).kind === 'gated' ? gateOf(own(checks)) : null,
    };
  });
  return { migrations, workers: workers ?? { live: 0, stale: 0 } };
}

/**
 * `readState` for `createMetrics`: in a read-only transaction that the server ends before the scrape gives up on it, so that
 * a lock on the ledger leaves no session behind.
 */
export function stateReader(database: Database, timeoutMs = 2_000): () => Promise<StateForMetrics> {
  const limit = Math.round(timeoutMs * 0.9);
  const limits = {
    readOnly: true,
    statementTimeoutMs: limit,
    lockTimeoutMs: limit,
    idleInTransactionTimeoutMs: timeoutMs,
  };
  const countRows = rowCounter();
  return () => database.transaction(limits, (tx) => readStateFrom(tx, countRows));
}

interface Facts {
  readonly ledger: Ledger | undefined;
  readonly rowsDone: number | null;
  readonly held: readonly HoldRow[];
  readonly quarantined: number;
}

function backfillOf(run: RunOfState, { ledger, rowsDone, held, quarantined }: Facts): BackfillReading {
  const moving = run.state.kind === 'backfilling';
  return {
    rowsDone,
    rowsExpected: ledger?.rowsExpected ?? run.rowsExpected,
    progress: progressOf(run, ledger),
    etaSeconds: moving ? etaOf(run, ledger) : null,
    lastCommit: ledger?.lastCommit ?? null,
    concurrency: run.concurrency ?? 1,
    targetSeconds: (run.targetMs ?? 100) / 1_000,
    quarantined,
    // A hold whose run has moved on is of no account: what is finished must not look throttled.
    holds: moving ? held.map(({ signal }) => signal) : [],
  };
}

/** Each backfill of the migration weighs the same before its walk is planned, since only then its blocks are known. */
function progressOf(run: RunOfState, ledger: Ledger | undefined): number | null {
  if (ledger === undefined || ledger.planned === 0) return null;
  const walked = ledger.blocks === 0 ? Number(ledger.walked) : ledger.passed / ledger.blocks;
  return (walked * ledger.planned) / Math.max(run.backfills, ledger.planned);
}

const ENOUGH_SHARE = 0.01;
const ENOUGH_BATCHES = 20;

/** By blocks, since their number is known and the rows' is a guess. Before 1 % or 20 batches the pace says nothing yet. */
function etaOf(run: RunOfState, ledger: Ledger | undefined): number | null {
  if (ledger === undefined || ledger.recentSeconds === null || ledger.planned < run.backfills) return null;
  if (ledger.recentBatches < ENOUGH_BATCHES && (progressOf(run, ledger) ?? 0) < ENOUGH_SHARE) return null;
  return etaSeconds(
    ledger.passed,
    ledger.blocks,
    ledger.recentBlocks / Math.max(ledger.recentSeconds, 0.001),
  );
}

/** What was not evaluated, is not known or is too old does not pass. */
function gateOf(rows: readonly Check[]): ReadonlyMap<CheckId, boolean> {
  return new Map(CHECKS.map((check) => [check, isPassing(check, rows)]));
}

function isPassing(check: CheckId, rows: readonly Check[]): boolean {
  const row = rows.find((found) => found.check === check);
  if (row === undefined) return false;
  const { verdict, skipped, age } = row;
  const counts = skipped !== null || age <= MAX_AGE_SECONDS;
  return counts && !holds({ check, verdict, skipped, evidence: '', release: null, at: '' });
}
