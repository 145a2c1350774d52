import { fail, notApplicable, pass } from '#core/gate';
import { innerState } from '#core/state';
import type { RunRow } from '#ports';
import { meet } from '../../plan/touches.js';
import { count, type GateCheck } from './check.js';

/** No other migration in flight needs what this one drops. */
export const conflicts: GateCheck = {
  id: 'conflicts',
  evaluate: async ({ run, others }) => {
    const { drops } = run.plan;
    if (drops.length === 0) return notApplicable('nothing is dropped');
    const inFlight = others.filter(isInFlight);
    const needed = inFlight.flatMap((other) => {
      const object = meet(drops, other.plan.touches);
      return object === null ? [] : [{ migration: other.migration, object }];
    });
    if (needed.length === 0) {
      return pass(
        `${count(drops.length, 'object')} to drop, needed by none of ${count(inFlight.length, 'other run')} in flight`,
      );
    }
    const names = needed.map(({ migration, object }) => `${migration} needs ${object}`);
    return fail(
      names.join('; '),
      `finish or roll back ${needed.map(({ migration }) => migration).join(', ')} first`,
    );
  },
};

/** One that is pending has not begun: it waits for this run, and is planned again afterwards, so waiting for it would never end. */
function isInFlight({ state }: RunRow): boolean {
  const { kind } = innerState(state);
  return kind !== 'pending' && kind !== 'done' && kind !== 'rolled_back';
}
