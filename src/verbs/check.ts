/** `check`: looks for what is wrong in the data and around it. Reads only. */
import { relative } from 'node:path';
import type { CheckOptions, CheckReport } from '#api';
import { readQueryFiles } from '#everyday/checks/query-files';
import { runChecks } from '#everyday/checks/run';
import type { Context } from './context.js';
import { wantedLater } from './wanted.js';

export async function check(context: Context, options: CheckOptions = {}): Promise<CheckReport> {
  const { database, settings } = context;
  const { folder, timeoutMs, integerPercent } = settings.checks;
  const world = {
    database,
    deep: options.deep ?? false,
    statementTimeoutMs: options.timeoutMs ?? timeoutMs,
    integerPercent,
    wanted: await wantedLater(context),
    queries: await readQueryFiles(folder, settings.cwd),
    queriesFolder: relative(settings.cwd, folder),
    onScan: options.onScan ?? (() => undefined),
  };
  const checks = await runChecks(world, options.only);
  const findings = checks.reduce((sum, one) => sum + one.findings.length, 0);
  const unknown = checks.reduce((sum, one) => sum + one.unknown.length, 0);
  return { ok: findings + unknown === 0, findings, unknown, checks };
}
