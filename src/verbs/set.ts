/** `set`: reads and turns the knobs of a run that is under way. Effective at the next batch, kept in the run's row. */
import type { KnobsView } from '#api';
import { ConditionError } from '#core/errors';
import { isFinal } from '#core/state';
import { readKnobs, turnKnob } from '#phases/backfill/knobs';
import { paceOf } from '#phases/backfill/pace-settings';
import type { Context } from './context.js';
import { findRun } from './find.js';

export async function knobs(context: Context, migration: string): Promise<KnobsView> {
  const run = await findRun(context, migration);
  return { migration: run.migration, knobs: readKnobs(paceOf(run.pace)) };
}

/** All of them, or none. */
export async function setKnobs(
  context: Context,
  migration: string,
  changes: Readonly<Record<string, string>>,
  { reason }: { readonly reason?: string } = {},
): Promise<KnobsView> {
  const run = await findRun(context, migration);
  if (isFinal(run.state)) throw over(run.migration);
  const pace = await context.store.setPace(
    run.id,
    (now) => Object.entries(changes).reduce((pace, [name, text]) => turnKnob(pace, name, text), paceOf(now)),
    context.actor,
    reason,
  );
  return { migration: run.migration, knobs: readKnobs(paceOf(pace)) };
}

function over(migration: string): ConditionError {
  return new ConditionError('BELLOWS_RUN_OVER', {
    what: `${migration} is over: it has no pace any more.`,
    left: 'Nothing was changed.',
    next: `bellows status ${migration}`,
  });
}
