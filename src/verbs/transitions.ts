/** What an operator says to a run; each is a transition with a history row, tried again where somebody else moved the run. */
import { FencedError } from '#core/errors';
import type { TransitionEvent } from '#core/state';
import type { RunRow } from '#ports';
import type { Context } from './context.js';
import { findRun } from './find.js';

const ATTEMPTS = 5;

export async function tell(
  context: Context,
  migration: string,
  event: (run: RunRow) => TransitionEvent,
): Promise<RunRow> {
  for (let attempt = 1; ; attempt += 1) {
    const run = await findRun(context, migration);
    try {
      return await context.store.transition(run, event(run), context.actor, null);
    } catch (error) {
      if (!(error instanceof FencedError) || attempt === ATTEMPTS) throw error;
    }
  }
}
