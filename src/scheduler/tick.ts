/** One tick of one run: load, decide, perform. */
import { decide } from '#core/decide';
import { FencedError } from '#core/errors';
import type { Fence, RunRow } from '#ports';
import type { SchedulerDeps } from './deps.js';
import { failureOf } from './failure.js';
import { type Outcome, perform } from './perform.js';
import { readSnapshot } from './snapshot.js';

export async function tick(
  deps: SchedulerDeps,
  run: RunRow,
  runs: readonly RunRow[],
  fence: Fence,
  signal: AbortSignal,
): Promise<Outcome> {
  const drift = driftOf(deps, run);
  if (drift !== null) return stopDrifted(deps, run, drift, fence);
  const snapshot = await readSnapshot(deps, run, runs);
  const command = decide(snapshot);
  try {
    return await perform(deps, run, runs, command, fence, signal);
  } catch (error) {
    return recover(deps, run, error, fence, signal);
  }
}

const PAUSABLE = new Set(['expanding', 'backfilling', 'settling', 'gated']);

/** `edited` or `gone`; null where file and run agree, where nothing has begun, or on the way back. */
function driftOf({ files }: SchedulerDeps, { state, migration, checksum }: RunRow): 'edited' | 'gone' | null {
  if (!PAUSABLE.has(state.kind)) return null;
  const now = files.checksum(migration);
  if (now === undefined || now === checksum) return null;
  return now === null ? 'gone' : 'edited';
}

/**
 * An edited file stops the run for everybody. A leader without the file only leaves the run alone: another deploy, whose
 * folder has it, may lead next.
 */
async function stopDrifted(
  deps: SchedulerDeps,
  run: RunRow,
  drift: 'edited' | 'gone',
  fence: Fence,
): Promise<Outcome> {
  if (drift === 'edited') {
    const reason = 'its file was edited after it began; restore it, then resume';
    await deps.store.transition(run, { kind: 'pause', by: 'bellows', reason }, deps.actor, fence);
  }
  return { kind: 'idle' };
}

/** An error that passes by itself is left to the next tick; any other fails the run, in words, with what to do next. */
async function recover(
  deps: SchedulerDeps,
  run: RunRow,
  error: unknown,
  fence: Fence,
  signal: AbortSignal,
): Promise<Outcome> {
  // Somebody else moved the run, or took the lease: what was decided no longer stands, and is decided again.
  if (error instanceof FencedError || signal.aborted) return { kind: 'idle' };
  const failure = failureOf(error, run.migration);
  if (failure === 'passing') throw error;
  await deps.store.transition(run, { kind: 'fail', ...failure }, deps.actor, fence);
  deps.emit('run:failed', { migration: run.migration, ...failure });
  return { kind: 'progressed' };
}
