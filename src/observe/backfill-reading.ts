/** The walk of a run as its ledger shows it. */
import type { State } from '#core/state';
import { etaSeconds } from '#core/status';
import type { BackfillReading, SignalReading, ThrottledReading, VacuumReading } from './readings.js';

export interface RunPace {
  readonly state: State;
  readonly backfills: number;
  readonly rowsExpected: number | null;
  readonly concurrency: number | null;
  readonly ceiling: number | null;
  readonly rowsPerSecond: number | null;
  readonly targetMs: number | null;
}

export interface Ledger {
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
  readonly batchRows: number | null;
  readonly inFlight: number;
}

export interface BackfillFacts {
  readonly ledger: Ledger | undefined;
  readonly rowsDone: number | null;
  readonly held: readonly string[];
  readonly throttled: readonly ThrottledReading[];
  readonly signals: readonly SignalReading[];
  readonly vacuum: VacuumReading | undefined;
  readonly quarantined: number;
}

/** Null where the migration has no backfill. */
export function backfillOf(run: RunPace, facts: BackfillFacts): BackfillReading | null {
  if (run.backfills === 0) return null;
  const { ledger, rowsDone, held, throttled, signals, vacuum, quarantined } = facts;
  const moving = run.state.kind === 'backfilling';
  return {
    rowsDone,
    rowsExpected: ledger?.rowsExpected ?? run.rowsExpected,
    progress: progressOf(run, ledger),
    etaSeconds: moving ? etaOf(run, ledger) : null,
    lastCommit: ledger?.lastCommit ?? null,
    concurrency: run.concurrency ?? 1,
    ceiling: run.ceiling ?? run.concurrency ?? 1,
    rowsPerSecond: run.rowsPerSecond,
    targetSeconds: (run.targetMs ?? 100) / 1_000,
    batchRows: ledger?.batchRows ?? null,
    inFlight: ledger?.inFlight ?? 0,
    quarantined,
    // A hold whose run has moved on is of no account: what is finished must not look throttled.
    holds: moving ? held : [],
    throttled,
    vacuum: vacuum ?? { vacuums: 0, seconds: 0 },
    signals: moving ? signals : [],
  };
}

/** Each backfill of the migration weighs the same before its walk is planned, since only then its blocks are known. */
function progressOf(run: RunPace, ledger: Ledger | undefined): number | null {
  if (ledger === undefined || ledger.planned === 0) return null;
  const walked = ledger.blocks === 0 ? Number(ledger.walked) : ledger.passed / ledger.blocks;
  return (walked * ledger.planned) / Math.max(run.backfills, ledger.planned);
}

const ENOUGH_SHARE = 0.01;
const ENOUGH_BATCHES = 20;

/** By blocks, since their number is known and the rows' is a guess. Before 1 % or 20 batches the pace says nothing yet. */
function etaOf(run: RunPace, ledger: Ledger | undefined): number | null {
  if (ledger === undefined || ledger.recentSeconds === null || ledger.planned < run.backfills) return null;
  if (ledger.recentBatches < ENOUGH_BATCHES && (progressOf(run, ledger) ?? 0) < ENOUGH_SHARE) return null;
  return etaSeconds(
    ledger.passed,
    ledger.blocks,
    ledger.recentBlocks / Math.max(ledger.recentSeconds, 0.001),
  );
}
