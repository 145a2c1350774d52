import type { GateReport } from '#api';
import type { CheckId } from '#core/gate';
import { isOpen } from '#core/gate';
import type { StateKind } from '#core/state';
import { evaluateGate } from '#phases/contract/evaluate';
import type { Context } from './context.js';
import { findRun } from './find.js';
import { migrationFiles } from './processes.js';

/** Elsewhere the checks may all pass, and the run still has a way to go to its gate. */
const AT_GATE: ReadonlySet<StateKind> = new Set<StateKind>(['gated', 'contracting', 'done']);

/** Evaluates every check now, and stores what they saw. */
export async function evaluateNow(context: Context, migration: string): Promise<GateReport> {
  const run = await findRun(context, migration);
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
  await store.saveChecks(run.id, findings, null);
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
