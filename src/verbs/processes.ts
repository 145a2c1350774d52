/** The long-running parts that verbs start: a leader, a worker, both. They end when the signal is aborted. */
import { randomUUID } from 'node:crypto';
import { emitter } from '#core/events';
import { systemClock } from '#phases/backfill/clock';
import { createThrottle } from '#phases/backfill/throttle/throttle';
import type { MigrationFiles, SchedulerDeps } from '#scheduler/deps';
import { failureOf } from '#scheduler/failure';
import { lead } from '#scheduler/leader';
import { work } from '#scheduler/worker';
import { planMigration } from './adopt.js';
import type { Context } from './context.js';
import { sleep } from './sleep.js';
import { transformsOf } from './transforms.js';

/** The folder as it was when it was last read; each question makes it be read anew, so an edit stops a run soon after. */
export async function migrationFiles(context: Context): Promise<MigrationFiles> {
  let project = await context.project();
  const refresh = async () => {
    project = await context.project();
  };
  return {
    checksum: (migration) => {
      void refresh().catch(() => undefined);
      return project.migrations.find((m) => m.id === migration)?.checksum ?? null;
    },
    plan: async (migration, runId) => {
      const file = (await context.project()).migrations.find((m) => m.id === migration);
      return file === undefined ? null : planMigration(context.catalogue, file, runId, { strict: true });
    },
  };
}

async function schedulerDeps(context: Context): Promise<SchedulerDeps> {
  const { settings } = context;
  return {
    database: context.database,
    store: context.store,
    lease: context.lease,
    ddl: context.ddl,
    catalogue: context.catalogue,
    emit: context.emit,
    queue: await context.queue(),
    files: await migrationFiles(context),
    gate: {
      environment: settings.environment,
      dataOnly: settings.gate === 'data-only',
      approvalRequired: settings.approval,
    },
    verifyParallel: settings.backfill.verifyParallel,
    ddlWindow: settings.window.ddl,
    ddlDeadlineSeconds: settings.ddl.deadlineMs / 1000,
    actor: context.actor,
    sleep,
    random: Math.random,
  };
}

/** @param turn called at each turn of the loop: what a health check looks at */
export async function startLeader(
  context: Context,
  signal: AbortSignal,
  turn: () => void = () => undefined,
): Promise<void> {
  await lead({ ...(await schedulerDeps(context)), sleep: turning(turn) }, signal);
}

function turning(turn: () => void): SchedulerDeps['sleep'] {
  return (milliseconds, signal) => {
    turn();
    return sleep(milliseconds, signal);
  };
}

export async function startWorker(
  context: Context,
  slots: number,
  signal: AbortSignal,
  turn: () => void = () => undefined,
): Promise<void> {
  const { database, emit, store, version } = context;
  const queue = await context.queue();
  const throttle = createThrottle({ database, clock: systemClock, emit });
  const job = {
    database,
    queue,
    store,
    emit: emitter([throttle.hear, emit]),
    server: await context.catalogue.server(),
    holder: randomUUID(),
    throttle,
    clock: systemClock,
    transforms: transformsOf(context),
    fail: (runId: number, error: unknown) => failRun(context, runId, error),
  };
  await work({ database, queue, version, sleep: turning(turn), job }, slots, signal);
}

/** What a worker cannot get past stops the run, in words; an operator decides. */
async function failRun({ store, actor, emit }: Context, runId: number, error: unknown): Promise<void> {
  const run = await store.runById(runId);
  if (run === null || (run.state.kind !== 'backfilling' && run.state.kind !== 'gated')) return;
  const failure = failureOf(error, run.migration);
  // What passes by itself is no failure: the leader makes the job again.
  if (failure === 'passing') return;
  await store.transition(run, { kind: 'fail', ...failure }, actor, null);
  emit('run:failed', { migration: run.migration, ...failure });
}
