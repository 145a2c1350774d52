/** Steers a run by its readings. The state of it is the run row's, so that all workers of all hosts go by the same. */
import { type Steering, startSteering, steer } from '#core/steering';
import type { Reading } from '#core/throttle';
import type { Session } from '#ports';
import type { Pace } from '../pace-settings.js';
import type { SignalId } from './signal.js';

export type Steer = (
  session: Session,
  runId: number,
  pace: Pace,
  readings: ReadonlyMap<SignalId, Reading>,
  /** Milliseconds by the clock of the database; null: the run is gone. */
  now: number | null,
) => Promise<void>;

/** Several workers may want to step at once: the one that still finds the pace as it saw it does. */
const STEP = `
update bellows.runs
set pace = pace || jsonb_build_object('concurrency', $2::integer, 'rest', $3::float8)
where id = $1
  and state_kind = 'backfilling'
  and coalesce((pace ->> 'concurrency')::integer, 1) = $4
  and coalesce((pace ->> 'ceiling')::integer, $5::integer) = $5
  and coalesce((pace ->> 'auto')::boolean, false) = $6`;

/** Begins to steer; what is remembered are the average and the waits, which a new process may learn anew. */
export function steerRun(): Steer {
  let state: Steering | null = null;
  return async (session, runId, pace, readings, now) => {
    if (now === null) return;
    const before: Steering = caughtUp(state ?? startSteering(pace.concurrency), pace, now);
    state = steer(before, { at: now, utilisation: worst(readings) }, pace.ceiling);
    const { level, rest } = state;
    if (level === pace.concurrency && rest === pace.rest) return;
    await session
      .query(STEP, [runId, level, rest, pace.concurrency, pace.ceiling, pace.auto])
      .catch(() => undefined);
  };
}

/** Another process stepped, or the operator did: that counts as a step of our own, so that two do not take one each. */
function caughtUp(state: Steering, { concurrency }: Pace, now: number): Steering {
  return state.level === concurrency ? state : { ...state, level: concurrency, changedAt: now };
}

/** Null where nothing was measured. */
function worst(readings: ReadonlyMap<SignalId, Reading>): number | null {
  const measured = [...readings.values()].flatMap(({ utilisation }) => utilisation ?? []);
  return measured.length === 0 ? null : Math.max(...measured);
}
