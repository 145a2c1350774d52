import type { Database } from '#ports';
import { sleep } from './sleep.js';

/** Replication lag, sampled for the chart: what `replication_lag` acts on is its own reading. */
export interface LagSample {
  readonly at: string;
  /** Of the standby that is furthest behind; null where there is none, or where it could not be read. */
  readonly seconds: number | null;
}

const EVERY_MS = 10_000;
/** Half an hour. */
const KEPT = 180;

/** An idle primary moves no position: then a standby is behind by nothing, whatever the time of its last message. */
const LAG = `
select
  clock_timestamp() as at,
  max(case when replay_lsn = sent_lsn then 0 else extract(epoch from coalesce(replay_lag, interval '0')) end)::float8 as seconds
from pg_stat_replication`;

/** Samples until the signal is aborted; the returned function gives what is there, oldest first. */
export function sampleLag(database: Database, signal: AbortSignal): () => readonly LagSample[] {
  let samples: readonly LagSample[] = [];
  const run = async () => {
    while (!signal.aborted) {
      const rows = await database
        .query<{ at: string; seconds: number | null }>(LAG)
        .catch(() => [{ at: new Date().toISOString(), seconds: null }]);
      samples = [...samples, ...rows].slice(-KEPT);
      await sleep(EVERY_MS, signal);
    }
  };
  void run();
  return () => samples;
}
