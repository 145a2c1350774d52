import type { Blocker } from '#core/events';
import { innerState } from '#core/state';
import type { RunRow, StepRow } from '#ports';
import type { Context } from './context.js';

const MOVED_BY_STEPS: readonly string[] = ['expanding', 'settling', 'contracting', 'rolling_back'];

/** The sessions whose locks the run's current step waits for; as its last attempt saw them. */
export async function blockersOf({ store }: Context, run: RunRow): Promise<readonly Blocker[]> {
  return MOVED_BY_STEPS.includes(innerState(run.state).kind)
    ? currentBlockers(await store.steps(run.id))
    : [];
}

function currentBlockers(steps: readonly StepRow[]): readonly Blocker[] {
  return steps.find((s) => s.state !== 'done' && s.blockers.length > 0)?.blockers ?? [];
}
