import type { GateReport } from '#api';
import type { CheckId } from '#core/gate';
import { isOpen } from '#core/gate';
import type { StateKind } from '#core/state';
import { evaluateGate } from '#phases/contract/evaluate';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { findRun } from './find.js';
import { migrationFiles } from './processes.js';

/** Elsewhere the checks may all pass, and the run still has a way to go to its gate. */
const AT_GATE: ReadonlySet<StateKind> = new Set<StateKind>(['gated', 'contracting', 'done']);

/**
 * Evaluates every check now, and stores what they saw. A contract that has begun changes what checks look at: from then on
 * what they saw before it is the answer.
 */
export async function evaluateNow(context: Context, migration: string): Promise<GateReport> {
  const run = await findRun(context, migration);
  if (run.state.kind === 'contracting' || run.state.kind === 'done') return reportOf(context, run);
  const { settings, store } = context;
  const files = await migrationFiles(context);
  const findings = await evaluateGate({
    database: context.database,
    catalogue: context.catalogue,
    run,
    others: (await store.runs()).filter((other) => other.id !== run.id),
    fileChecksum: files.checksum(run.migration),
    environment: settings.environment,
    dataOnly: settings.gate === 'data-only',
    approvalRequired: settings.approval,
    now: await store.now(),
  });
  // Moved on meanwhile, by the leader for one: what was seen is of a state that is over.
  const now = await findRun(context, migration);
  if (now.version !== run.version) return evaluateNow(context, migration);
  await store.saveChecks(run.id, findings, null);
  return reportOf(context, run);
}

async function reportOf({ store }: Context, run: RunRow): Promise<GateReport> {
  const checks = await store.checks(run);
  return { migration: run.migration, open: AT_GATE.has(run.state.kind) && isOpen(checks), checks };
}

export async function skipCheck(
  context: Context,
  migration: string,
  check: CheckId,
  options: { readonly reason: string },
): Promise<GateReport> {
  const run = await findRun(context, migration);
  await context.store.skipCheck(run, check, options.reason, context.actor);
  return evaluateNow(context, migration);
}
