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

/**
 * Several workers may want to step at once: the one that still finds the pace as it saw it does. A worker more or fewer
 * stands in the history, with the signal that was nearest to its limit; how a lone one rests does not.
 */
const STEP = `
with stepped as (
  update bellows.runs
  set pace = pace || jsonb_build_object('concurrency', $2::integer, 'rest', $3::float8)
  where id = $1
    and state_kind = 'backfilling'
    and coalesce((pace ->> 'concurrency')::integer, 1) = $4::integer
    and coalesce((pace ->> 'ceiling')::integer, $5::integer) = $5
    and coalesce((pace ->> 'auto')::boolean, false) = $6
  returning id, migration
)
insert into bellows.history (actor, migration, run_id, action, detail)
select 'bellows', migration, id, 'steer',
  jsonb_build_object('concurrency', jsonb_build_object('from', $4::integer, 'to', $2::integer), 'signal', $7::text)
from stepped
where $2::integer <> $4::integer`;

/** Begins to steer; what is remembered are the average and the waits, which a new process may learn anew. */
export function steerRun(): Steer {
  let state: Steering | null = null;
  return async (session, runId, pace, readings, now) => {
    if (now === null) return;
    const before: Steering = caughtUp(state ?? startSteering(pace.concurrency), pace, now);
    const worst = worstOf(readings);
    state = steer(before, { at: now, utilisation: worst?.utilisation ?? null }, pace.ceiling);
    const { level, rest } = state;
    if (level === pace.concurrency && rest === pace.rest) return;
    await session
      .query(STEP, [runId, level, rest, pace.concurrency, pace.ceiling, pace.auto, worst?.text ?? null])
      .catch(() => undefined);
  };
}

/** Another process stepped, or the operator did: that counts as a step of our own, so that two do not take one each. */
function caughtUp(state: Steering, { concurrency }: Pace, now: number): Steering {
  return state.level === concurrency ? state : { ...state, level: concurrency, changedAt: now };
}

/** The signal that is nearest to its limit; null where nothing was measured. */
function worstOf(readings: ReadonlyMap<SignalId, Reading>): { utilisation: number; text: string } | null {
  const measured = [...readings].flatMap(([id, { utilisation, text }]) =>
    utilisation === null ? [] : [{ utilisation, text: `${id}: ${text}` }],
  );
  const [worst = null] = measured.toSorted((a, b) => b.utilisation - a.utilisation);
  return worst;
}
