import type { Reading } from '#core/throttle';
import { measured, short, worstOf } from './reading.js';
import { blind } from './sight.js';
import { defineSignal } from './signal.js';

/** A standby that only takes a base backup replays nothing; `catchup` is one that lags. */
const STANDBYS = `
select
  coalesce(nullif(application_name, ''), client_addr::text, 'pid ' || pid) as name,
  pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as written,
  pg_wal_lsn_diff(replay_lsn, '0/0')::float8 as replayed,
  extract(epoch from replay_lag)::float8 as seconds
from pg_stat_replication
where state in ('streaming', 'catchup')`;

interface Standby extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly written: number;
  /** Null: it has not said so yet. */
  readonly replayed: number | null;
  readonly seconds: number | null;
}

interface Sample {
  readonly at: number;
  readonly written: number;
}

/** Samples are a second apart; older ones would only tell of lags beyond any limit. */
const SAMPLES = 900;

/**
 * `replay_lag` is null on an idle standby and stands still on one whose replay is paused. So the seconds are also measured
 * here: since when the log has been beyond what the standby has replayed.
 */
export const replicationLag = defineSignal({
  id: 'replication_lag',
  defaultOn: true,
  limits: { slowSeconds: 2, seconds: 5, megabytes: 256 },
  open: () => {
    let samples: readonly Sample[] = [];
    return async ({ database, limits, now }) => {
      const unseen = await blind(database);
      if (unseen !== null) return unseen;
      const standbys = await database.query<Standby>(STANDBYS);
      const [first] = standbys;
      if (first === undefined) {
        samples = [];
        const text = 'no standby';
        return measured({ value: 0, limit: limits.seconds, text, release: 'it stays that way' });
      }
      samples = [...samples, { at: now, written: first.written }].slice(-SAMPLES);
      const readings = standbys.map((standby) =>
        lagOf(standby, secondsBehind(samples, standby, now), limits),
      );
      return worstOf(...(readings as [Reading, ...Reading[]]));
    };
  },
});

function secondsBehind(
  samples: readonly Sample[],
  { replayed, seconds, written }: Standby,
  now: number,
): number {
  if (replayed !== null && replayed >= written) return 0;
  const passed = samples.find((sample) => sample.written > (replayed ?? 0));
  const own = passed === undefined ? 0 : (now - passed.at) / 1_000;
  return Math.max(own, seconds ?? 0);
}

interface Limits {
  readonly slowSeconds: number;
  readonly seconds: number;
  readonly megabytes: number;
}

function lagOf({ name, written, replayed }: Standby, behind: number, limits: Limits): Reading {
  const megabytes = replayed === null ? limits.megabytes : Math.max(0, written - replayed) / 1_048_576;
  return worstOf(
    measured({
      value: behind,
      slow: limits.slowSeconds,
      limit: limits.seconds,
      text: `${name} is ${short(behind)} s behind (limit ${short(limits.seconds)} s)`,
      release: `${name} is less than ${short(limits.seconds)} s behind`,
    }),
    measured({
      value: megabytes,
      limit: limits.megabytes,
      text:
        replayed === null
          ? `${name} has not said what it has replayed`
          : `${name} is ${short(megabytes)} MB behind (limit ${short(limits.megabytes)} MB)`,
      release: `${name} is less than ${short(limits.megabytes)} MB behind`,
    }),
  );
}
