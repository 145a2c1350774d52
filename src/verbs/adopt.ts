/** Turns files into runs: plans them and stores the plan; the leader does the rest. */

import type { TableFacts } from '#core/catalogue-facts';
import { BellowsError, RefusedError } from '#core/errors';
import { quoteTable } from '#core/identifier';
import type { RunPlan } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
import { isFinal } from '#core/state';
import { type CompileOptions, compilePlan } from '#phases/plan/compile';
import { gatherFacts } from '#phases/plan/facts';
import type { Catalogue, Database, RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import { type Context, paceFrom } from './context.js';

export async function planMigration(
  catalogue: Catalogue,
  migration: LoadedMigration,
  runId: number,
  options: Pick<CompileOptions, 'strict'> = {},
): Promise<RunPlan> {
  return compilePlan(migration.analysed, await gatherFacts(catalogue, migration.analysed), runId, options);
}

/** As `planMigration`, and straight through where the gate is `data-only` and every table is empty. */
async function planToRun(
  { catalogue, database, settings }: Context,
  file: LoadedMigration,
  runId: number,
  strict: boolean,
): Promise<RunPlan> {
  const facts = await gatherFacts(catalogue, file.analysed);
  const tables = [...facts.tables.values()];
  const straight = settings.gate === 'data-only' && tables.length > 0 && (await areEmpty(database, tables));
  return compilePlan(file.analysed, facts, runId, { straight, strict });
}

/** What row security would hide is not known to be empty: the server then refuses (42501) what it would filter. */
async function areEmpty(database: Database, tables: readonly TableFacts[]): Promise<boolean> {
  try {
    return await database.transaction({ readOnly: true, rowSecurity: false }, async (tx) => {
      for (const { table } of tables) {
        const rows = await tx.query<{ empty: boolean }>(
          `select not exists (select from ${quoteTable(table)}) as empty`,
        );
        if (rows[0]?.empty !== true) return false;
      }
      return true;
    });
  } catch (error) {
    if (sqlstateOf(error) === '42501') return false;
    throw error;
  }
}

/**
 * Creates the runs of the files that have none, in order. A file that cannot be planned while an earlier migration is
 * unfinished may be waiting for what that one makes: it and all after it are left for the next call.
 *
 * @param again also files whose run was rolled back: because they were named, or because they changed
 */
export async function adopt(
  context: Context,
  files: readonly LoadedMigration[],
  runs: readonly RunRow[],
  again: (file: LoadedMigration, run: RunRow) => boolean,
): Promise<void> {
  const unfinished = runs.filter((r) => !isFinal(r.state)).map((r) => r.migration);
  for (const file of files) {
    const run = runs.find((r) => r.migration === file.id);
    if (run !== undefined && !(run.state.kind === 'rolled_back' && again(file, run))) continue;
    const isBehind = unfinished.some((other) => other < file.id);
    const id = await context.store.nextRunId();
    try {
      const plan = await planToRun(context, file, id, !isBehind);
      await context.store.create(id, plan, paceFrom(context.settings, plan.window?.backfill), context.actor);
      unfinished.push(file.id);
    } catch (error) {
      if (isMadeByAnother(error)) {
        unfinished.push(file.id);
        continue;
      }
      if (!(error instanceof RefusedError) || !isBehind) throw error;
      return;
    }
  }
}

/** Two `up` at once read the same runs, and one of them creates the run first: that one is followed. */
function isMadeByAnother(error: unknown): boolean {
  return error instanceof BellowsError && error.code === 'BELLOWS_RUN_EXISTS';
}
