/** `status <id>`: the one screen that answers why a migration is not moving. */

import type { MigrationDetail, StepDetail } from '#api';
import { strongest } from '#core/locks';
import type { RunPlan, Step } from '#core/plan';

import { STALE_WORKER_SECONDS } from '#core/workers';
import type { BackfillProgress } from '#phases/backfill/progress';
import type { StepRow } from '#ports';

import { blockersOf } from './blockers-of.js';
import type { Context } from './context.js';
import { driftOf } from './drift.js';
import { findRun } from './find.js';
import { readPaceFacts } from './pace-facts.js';
import { progressOf, statusOfRun } from './status.js';

export async function statusOf(context: Context, migration: string): Promise<MigrationDetail> {
  const run = await findRun(context, migration);
  const [project, steps, leader] = [
    await context.project(),
    await context.store.steps(run.id),
    await context.lease.holder(),
  ];
  const drift = driftOf(run, project.migrations);
  const progress = await progressOf(context, [run]);
  const all = progress.get(run.id) ?? [];
  return {
    migration: await statusOfRun(context, run, drift, progress),
    description: run.plan.description,
    checksum: run.checksum,
    drift,
    steps: stepDetails(run.plan, steps),
    blockers: await blockersOf(context, run),
    leader: leader === null ? null : { process: leader.process, epoch: leader.epoch },
    workers: await workerCounts(context),
    pace: run.pace,
    ...walkProgress(all),
    ...(await readPaceFacts(context.database, run.id)),
    notices: run.plan.notices,
  };
}

function stepDetails(plan: RunPlan, rows: readonly StepRow[]): readonly StepDetail[] {
  return [...plan.steps.expand, ...plan.steps.settle, ...plan.steps.contract].map((step) => ({
    id: step.id,
    phase: step.phase,
    title: step.title,
    ...locksOf(step),
    sql: step.kind === 'transaction' ? step.actions.map((a) => a.sql) : [step.action.sql],
    run: rows.find((r) => r.step === step.id) ?? null,
  }));
}

function locksOf(step: Step): { readonly lock: string; readonly blocks: string } {
  const actions = step.kind === 'transaction' ? step.actions : [step.action];
  const fact = strongest(actions.map((a) => a.form));
  return { lock: fact.lock, blocks: fact.blocks };
}

async function workerCounts({
  database,
}: Context): Promise<{ readonly live: number; readonly stale: number }> {
  const rows = await database.query<{ live: number; stale: number }>(
    `select
       count(*) filter (where beat_at > clock_timestamp() - $1 * interval '1 s')::integer as live,
       count(*) filter (where beat_at <= clock_timestamp() - $1 * interval '1 s')::integer as stale
     from bellows.workers`,
    [STALE_WORKER_SECONDS],
  );
  return { live: rows[0]?.live ?? 0, stale: rows[0]?.stale ?? 0 };
}

function walkProgress(all: readonly BackfillProgress[]): { progress: number | null; pass: number } {
  const total = all.reduce((sum, p) => sum + p.blocksTotal, 0);
  const done = all.reduce((sum, p) => sum + p.blocksDone, 0);
  const planned = all.some((p) => p.pass > 0);
  return {
    progress: planned ? (total === 0 ? 1 : done / total) : null,
    pass: Math.max(0, ...all.map((p) => p.pass)),
  };
}
