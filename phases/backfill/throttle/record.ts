import type { Hold, Reading } from '#core/throttle';
import type { Session } from '#ports';
import type { SignalId } from './signal.js';

const HOLD = `
insert into bellows.holds (run_id, signal, value, "limit", text, release)
values ($1, $2, $3, $4, $5, $6)
on conflict (run_id, signal) do update
set value = excluded.value, "limit" = excluded."limit", text = excluded.text, release = excluded.release,
  seen_at = clock_timestamp()`;

/** Deleting and adding up in one statement: several workers may see the same release, one of them counts it. */
const RELEASE = `
with gone as (
  delete from bellows.holds
  where run_id = $1
    and not signal = any ($2::text[])
  returning run_id, signal, extract(epoch from clock_timestamp() - since) as seconds
)
insert into bellows.throttled (run_id, signal, seconds, events)
select run_id, signal, seconds, 1
from gone
on conflict (run_id, signal) do update
set seconds = throttled.seconds + excluded.seconds, events = throttled.events + 1`;

/** Makes the holds of a run in the database those that are given. */
export async function recordHolds(session: Session, runId: number, holds: readonly Hold[]): Promise<void> {
  for (const { signal, value, limit, text, release } of holds) {
    await session.query(HOLD, [runId, signal, value, limit, text, release]);
  }
  await session.query(RELEASE, [runId, holds.map((hold) => hold.signal)]);
}

const READINGS = `
insert into bellows.signals as s (run_id, readings, readable)
values ($1, $2, $3)
on conflict (run_id) do update
set readings = excluded.readings, read_at = clock_timestamp(),
  readable = array(select distinct unnest(s.readable || excluded.readable))`;

/** The newest readings of a run, and which signals could be read: another process must not take one of them for not offered. */
export async function recordReadings(
  session: Session,
  runId: number,
  readings: ReadonlyMap<SignalId, Reading>,
): Promise<void> {
  const readable = [...readings].filter(([, { utilisation }]) => utilisation !== null).map(([id]) => id);
  await session.query(READINGS, [runId, JSON.stringify(Object.fromEntries(readings)), readable]);
}

export async function readableBefore(session: Session, runId: number): Promise<ReadonlySet<SignalId>> {
  const rows = await session.query<{ readable: readonly string[] }>(
    'select readable from bellows.signals where run_id = $1',
    [runId],
  );
  return new Set(rows[0]?.readable ?? []);
}
