/** Reads what the state gauges show: Bellows' own tables, the catalogue and the statistics. A user's table is never looked at, so a reading costs the application nothing. */
import { displayTable, type TableName } from '#core/identifier';
import { innerState, type State } from '#core/state';
import type { Database, Row, Session } from '#ports';
import { backfillOf, type Ledger, type RunPace } from './backfill-reading.js';
import { type Check, gateOf } from './gate-reading.js';
import { PHASES } from './labels.js';
import type {
  BackfillReading,
  Decision,
  MigrationReading,
  PhaseReading,
  PlainStatementReading,
  SignalReading,
  StateForMetrics,
  StepReading,
  ThrottledReading,
  VacuumReading,
  VerificationReading,
} from './readings.js';
import { type RowCounter, rowCounter } from './row-counter.js';
import { readServer, readTables, readTriggers } from './server-state.js';
import {
  AUDIT_ROWS,
  CHECK_ROWS,
  DECISION_ROWS,
  HOLD_ROWS,
  LEDGER_ROWS,
  PHASE_ROWS,
  PLAIN_ROWS,
  PROCESS_ROW,
  QUARANTINE_ROWS,
  RUN_ROWS,
  SIGNAL_ROWS,
  STEP_ROWS,
  THROTTLED_ROWS,
  VACUUM_ROWS,
  VERIFICATION_ROWS,
  WORKER_ROWS,
} from './state-sql.js';

interface RunOfState extends Row, RunPace {
  readonly id: string;
  readonly migration: string;
  readonly checksum: string;
  readonly tables: readonly TableName[] | null;
}
type OfRun<R> = R & Row & { readonly run: string };

/** Few statements, each by an index of the ledger. Give it a session of a read-only transaction under a statement timeout. */
export async function readStateFrom(
  session: Session,
  countRows: RowCounter = rowCounter(),
): Promise<StateForMetrics> {
  const runs = await session.query<RunOfState>(RUN_ROWS);
  const ids = runs.map((run) => run.id);
  const readingOf = await readRuns(session, runs, countRows);
  const plain = await session.query<Row & PlainStatementReading>(PLAIN_ROWS);
  const audit = await session.query<Row & { action: string; times: number }>(AUDIT_ROWS);
  const [workers] = await session.query<Row & { live: number; stale: number }>(WORKER_ROWS);
  const [process] = await session.query<Row & { epoch: number; oldestWait: number }>(PROCESS_ROW, [ids]);
  return {
    migrations: runs.map(readingOf),
    workers: workers ?? { live: 0, stale: 0 },
    server: await readServer(session),
    plain,
    audit: new Map(audit.map(({ action, times }) => [action, times])),
    epoch: process?.epoch ?? 0,
    oldestWait: process?.oldestWait ?? 0,
  };
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

type Reader = <R>(text: string, ...more: readonly unknown[]) => Promise<(run: string) => readonly OfRun<R>[]>;

async function readRuns(
  session: Session,
  runs: readonly RunOfState[],
  countRows: RowCounter,
): Promise<(run: RunOfState) => MigrationReading> {
  const ids = runs.map((run) => run.id);
  const names = runs.map((run) => run.migration);
  const read: Reader = async <R>(text: string, ...more: readonly unknown[]) =>
    grouped(await session.query<OfRun<R>>(text, [ids, ...more]));
  const phases = await read<PhaseReading & { readonly to: string }>(PHASE_ROWS, names, PHASES);
  const backfill = await readBackfills(read, await countRows(session));
  const checks = await read<Check>(CHECK_ROWS);
  const steps = await read<StepReading>(STEP_ROWS);
  const verifications = await read<VerificationReading>(VERIFICATION_ROWS);
  const decisions = await read<{ readonly decision: Decision; readonly times: number }>(DECISION_ROWS, names);
  const onTables = await readTables(session, ids);
  const triggers = await readTriggers(session, ids);
  return (run) => ({
    migration: run.migration,
    checksum: run.checksum,
    tables: (run.tables ?? []).map(displayTable),
    state: run.state,
    phases: Object.fromEntries(phases(run.id).map(({ to, at, seconds }) => [to, { at, seconds }])),
    backfill: backfill(run),
    gate: innerState(run.state).kind === 'gated' ? gateOf(checks(run.id)) : null,
    steps: steps(run.id),
    verification: verifications(run.id)[0] ?? null,
    decisions: {
      approved: 0,
      skipped: 0,
      ...Object.fromEntries(decisions(run.id).map(({ decision, times }) => [decision, times])),
    },
    onTables: onTables.get(run.id) ?? null,
    trigger: isSynced(run.state) ? (triggers.get(run.id) ?? null) : null,
  });
}

/** @param rows rows moved, by run; null while they are being added up */
async function readBackfills(
  read: Reader,
  rows: ReadonlyMap<string, number> | null,
): Promise<(run: RunOfState) => BackfillReading | null> {
  const ledger = await read<Ledger>(LEDGER_ROWS);
  const held = await read<{ readonly signal: string }>(HOLD_ROWS);
  const throttled = await read<ThrottledReading>(THROTTLED_ROWS);
  const signals = await read<SignalReading>(SIGNAL_ROWS);
  const vacuums = await read<VacuumReading>(VACUUM_ROWS);
  const quarantine = await read<{ readonly rows: number }>(QUARANTINE_ROWS);
  return (run) =>
    backfillOf(run, {
      ledger: ledger(run.id)[0],
      rowsDone: rows === null ? null : (rows.get(run.id) ?? 0),
      held: held(run.id).map(({ signal }) => signal),
      throttled: throttled(run.id),
      signals: signals(run.id),
      vacuum: vacuums(run.id)[0],
      quarantined: quarantine(run.id)[0]?.rows ?? 0,
    });
}

/** From the commit of expand to the cut, which takes the triggers away. */
function isSynced(state: State): boolean {
  return ['backfilling', 'settling', 'gated'].includes(innerState(state).kind);
}

function grouped<R extends { readonly run: string }>(rows: readonly R[]): (run: string) => readonly R[] {
  const groups = new Map<string, R[]>();
  for (const row of rows) groups.set(row.run, [...(groups.get(row.run) ?? []), row]);
  return (run) => groups.get(run) ?? [];
}
