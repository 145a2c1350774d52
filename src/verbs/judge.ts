/** What `up` may still expect of each migration: whether to go on following, and whether it has arrived. */
import type { UpOptions } from '#api';
import { innerState } from '#core/state';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';
import { startConflict } from '#scheduler/conflict';
import { closedNow } from './closed.js';
import type { Context } from './context.js';
import { type Judgement, judgeGate, type Until } from './judge-gate.js';

export async function judgeAll(
  context: Context,
  files: readonly LoadedMigration[],
  until: Until,
  options: UpOptions,
): Promise<readonly Judgement[]> {
  const runs = await context.store.runs();
  const known = new Map(runs.map((run) => [run.migration, run]));
  return Promise.all(
    files.map((file) => {
      const run = known.get(file.id);
      if (run === undefined) return isMoving(runs, file.id) ? 'moving' : 'waiting';
      return judge(context, run, runs, until, options);
    }),
  );
}

function judge(
  context: Context,
  run: RunRow,
  runs: readonly RunRow[],
  until: Until,
  options: UpOptions,
): Judgement | Promise<Judgement> {
  switch (run.state.kind) {
    case 'done':
      return 'reached';
    case 'paused':
    case 'failed':
      return 'stuck';
    case 'rolled_back':
      // Taken back on purpose: it is no work that is left, unless somebody asks for it.
      return options.migration === undefined ? 'reached' : 'stuck';
    case 'pending':
      return judgePending(context, runs, run);
    case 'gated':
      return judgeGate(context, run, until, options);
    default:
      return until === 'expanded' && isExpanded(run) ? 'reached' : 'moving';
  }
}

function isExpanded(run: RunRow): boolean {
  return !['pending', 'expanding'].includes(innerState(run.state).kind);
}

/** What it waited for may be over, and the leader has not looked yet. */
function judgePending(context: Context, runs: readonly RunRow[], run: RunRow): Judgement {
  const reason = run.state.kind === 'pending' ? run.state.waitsFor : null;
  const same = reason !== null && (startConflict(run, runs) ?? closedNow(context, run)) === reason;
  return same && !isMoving(runs, run.migration) ? 'waiting' : 'moving';
}

/** True while an earlier migration goes on by itself: what waits for it may still get its turn. */
function isMoving(runs: readonly RunRow[], migration: string): boolean {
  const still = new Set(['gated', 'paused', 'failed', 'done', 'rolled_back', 'pending']);
  return runs.some((r) => r.migration < migration && !still.has(r.state.kind));
}
