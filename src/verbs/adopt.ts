/** Turns files into runs: plans them and stores the plan; the leader does the rest. */

import type { TableFacts } from '#core/catalogue-facts';
import { BellowsError, RefusedError } from '#core/errors';
import { quoteTable } from '#core/identifier';
import type { RunPlan } from '#core/plan';
import { sqlstateOf } from '#core/sqlstate';
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

/** `left`: it cannot be planned while an earlier migration is unfinished, which may make what it needs. */
export type Adoption = 'known' | 'created' | 'left';

/**
 * Creates the run of a file that has none.
 *
 * @param unfinished ids of the migrations that are not done
 * @param again also where its run was rolled back: because it was named, or because it changed
 */
export async function adopt(
  context: Context,
  file: LoadedMigration,
  run: RunRow | undefined,
  unfinished: readonly string[],
  again: (file: LoadedMigration, run: RunRow) => boolean,
): Promise<Adoption> {
  if (run !== undefined && !(run.state.kind === 'rolled_back' && again(file, run))) return 'known';
  const isBehind = unfinished.some((other) => other < file.id);
  const id = await context.store.nextRunId();
  try {
    const plan = await planToRun(context, file, id, !isBehind);
    await context.store.create(id, plan, paceFrom(context.settings, plan.window?.backfill), context.actor);
    return 'created';
  } catch (error) {
    if (isMadeByAnother(error)) return 'created';
    if (!(error instanceof RefusedError) || !isBehind) throw error;
    return 'left';
  }
}

/** Two `up` at once read the same runs, and one of them creates the run first: that one is followed. */
function isMadeByAnother(error: unknown): boolean {
  return error instanceof BellowsError && error.code === 'BELLOWS_RUN_EXISTS';
}
