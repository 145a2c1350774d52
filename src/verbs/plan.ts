/** `plan`: everything that would be done, as data, with the batch's EXPLAIN; nothing is done. */

import type { PlanView } from '#api';
import type { RunPlan } from '#core/plan';
import { stateName } from '#core/status';
import { paceOf } from '#phases/backfill/pace-settings';
import { notOffered } from '#phases/backfill/throttle/offered';
import type { PaceSettings, RunRow } from '#ports';
import type { LoadedMigration, Project } from '#project/project';
import { planMigration } from './adopt.js';
import { type Context, paceFrom } from './context.js';
import { refuseProblems } from './files.js';
import { isNamed, runNamed } from './find.js';
import { readPlain } from './plain.js';
import { batchView } from './plan-batch.js';
import { isInstalled } from './status.js';
import { areThrough, timelineOf } from './timeline.js';

/** Stands for the number that a run gets when it is created; names of marker and triggers carry it. */
const UNBORN = 0;

export async function plan(context: Context, migration?: string): Promise<readonly PlanView[]> {
  const project = await context.project();
  if (migration === undefined) refuseProblems(project);
  const runs = (await isInstalled(context)) ? await context.store.runs() : [];
  const file = project.migrations.find((m) => migration !== undefined && isNamed(m.id, migration));
  if (migration !== undefined && file === undefined)
    return [await viewOfRun(context, runWithoutFile(project, runs, migration))];
  const files = file === undefined ? project.migrations.filter((m) => !isBegun(m, runs)) : [file];
  const plain = await readPlain(context, project);
  const timeline = timelineOf(project);
  const isNext = (one: LoadedMigration) =>
    areThrough(
      timeline.filter(({ id }) => id < one.id),
      { runs, plain },
    );
  const views: PlanView[] = [];
  for (const one of files) {
    const run = runs.find((r) => r.migration === one.id && r.state.kind !== 'rolled_back');
    views.push(
      run === undefined ? await viewOfFile(context, one, isNext(one)) : await viewOfRun(context, run),
    );
  }
  return views;
}

/** Its file is gone, or nothing can be read from it: then it is the file that is told of, unless the run was begun. */
function runWithoutFile({ problems }: Project, runs: readonly RunRow[], migration: string): RunRow {
  const begun = runs.find((run) => isNamed(run.migration, migration));
  const problem = problems.find(({ id }) => id !== null && isNamed(id, migration));
  if (begun === undefined && problem !== undefined) throw problem.error;
  return begun ?? runNamed(runs, migration);
}

function isBegun(file: LoadedMigration, runs: readonly RunRow[]): boolean {
  return runs.some(
    (r) => r.migration === file.id && r.state.kind !== 'rolled_back' && r.state.kind !== 'pending',
  );
}

async function viewOfRun(context: Context, run: RunRow): Promise<PlanView> {
  return view(context, run.plan, stateName(run.state), run.pace);
}

/** @param strict no earlier migration is left that could still make what it names */
async function viewOfFile(context: Context, file: LoadedMigration, strict: boolean): Promise<PlanView> {
  const compiled = await planMigration(context.catalogue, file, UNBORN, { strict });
  return view(context, compiled, 'pending', paceFrom(context.settings, compiled.window?.backfill));
}

async function view(
  context: Context,
  compiled: RunPlan,
  state: string,
  pace: PaceSettings,
): Promise<PlanView> {
  return {
    id: compiled.migration,
    description: compiled.description,
    checksum: compiled.checksum,
    state,
    plan: compiled,
    batches: await Promise.all(compiled.backfills.map((b) => batchView(context, b, UNBORN))),
    notApplicable: await unwatched(context, compiled, pace),
  };
}

/** A signal looks at the table of the backfill that is walked; what a server cannot offer, it offers for none. */
async function unwatched(
  context: Context,
  { migration, backfills: [first] }: RunPlan,
  pace: PaceSettings,
): Promise<PlanView['notApplicable']> {
  if (first === undefined) return [];
  const { throttle } = paceOf(pace);
  const installed = await isInstalled(context);
  return notOffered({ database: context.database, migration, table: first.table, throttle, installed });
}
