/** `plan`: everything that would be done, as data, with the batch's EXPLAIN; nothing is done. */

import type { PlanView } from '#api';
import type { RunPlan } from '#core/plan';
import { stateName } from '#core/status';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import { planMigration } from './adopt.js';
import type { Context } from './context.js';
import { refuseProblems } from './files.js';
import { findRun, isNamed } from './find.js';
import { batchView } from './plan-batch.js';
import { isInstalled } from './status.js';

/** Stands for the number that a run gets when it is created; names of marker and triggers carry it. */
const UNBORN = 0;

export async function plan(context: Context, migration?: string): Promise<readonly PlanView[]> {
  const project = await context.project();
  if (migration === undefined) refuseProblems(project);
  const runs = (await isInstalled(context)) ? await context.store.runs() : [];
  const file = project.migrations.find((m) => migration !== undefined && isNamed(m.id, migration));
  if (migration !== undefined && file === undefined)
    return [await viewOfRun(context, await findRun(context, migration))];
  const files = file === undefined ? project.migrations.filter((m) => !isBegun(m, runs)) : [file];
  const views: PlanView[] = [];
  for (const one of files) {
    const run = runs.find((r) => r.migration === one.id && r.state.kind !== 'rolled_back');
    views.push(run === undefined ? await viewOfFile(context, one) : await viewOfRun(context, run));
  }
  return views;
}

function isBegun(file: LoadedMigration, runs: readonly RunRow[]): boolean {
  return runs.some(
    (r) => r.migration === file.id && r.state.kind !== 'rolled_back' && r.state.kind !== 'pending',
  );
}

async function viewOfRun(context: Context, run: RunRow): Promise<PlanView> {
  return view(context, run.plan, stateName(run.state));
}

async function viewOfFile(context: Context, file: LoadedMigration): Promise<PlanView> {
  return view(context, await planMigration(context.catalogue, file, UNBORN), 'pending');
}

async function view(context: Context, compiled: RunPlan, state: string): Promise<PlanView> {
  return {
    id: compiled.migration,
    description: compiled.description,
    checksum: compiled.checksum,
    state,
    plan: compiled,
    batches: await Promise.all(compiled.backfills.map((b) => batchView(context, b, UNBORN))),
  };
}
