/** What the pace of a run is steered by, and what it cost in time. */
import type { SignalReading, TimeLost } from '#api';
import type { Reading } from '#core/throttle';
import type { Database } from '#ports';

const LOST = `
select signal, sum(seconds)::float8 as seconds
from (
  select signal, seconds
  from bellows.throttled
  where run_id = $1
  union all
  select signal, extract(epoch from clock_timestamp() - since)
  from bellows.holds
  where run_id = $1
) t
group by signal
order by 2 desc`;

const READINGS = `
select readings, read_at as at
from bellows.signals
where run_id = $1`;

interface ReadingsRow extends Readonly<Record<string, unknown>> {
  readonly readings: Readonly<Record<string, Reading>>;
  readonly at: string;
}

export async function readPaceFacts(
  database: Database,
  runId: number,
): Promise<{ readonly lost: readonly TimeLost[]; readonly signals: readonly SignalReading[] }> {
  const lost = await database.query<TimeLost & Readonly<Record<string, unknown>>>(LOST, [runId]);
  const [row] = await database.query<ReadingsRow>(READINGS, [runId]);
  return { lost, signals: row === undefined ? [] : signalsOf(row) };
}

/** What stops comes first, then what is nearest to its limit; what this server cannot offer, last. */
function signalsOf({ readings, at }: ReadingsRow): readonly SignalReading[] {
  const rank = ({ verdict, utilisation }: Reading): number =>
    verdict === 'stop' ? 2 : verdict === 'n/a' ? -1 : (utilisation ?? 0);
  return Object.entries(readings)
    .toSorted(([, a], [, b]) => rank(b) - rank(a))
    .map(([signal, { value, limit, verdict, utilisation, text, release }]) => ({
      ...{ signal, value, limit, verdict, utilisation, text, release, at },
    }));
}
