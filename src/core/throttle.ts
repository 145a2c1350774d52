/** The signals that may hold a backfill. A signal of the user's own carries a name behind its kind: `query:wal`. */
export const SIGNALS = [
  'replication_lag',
  'standby_missing',
  'wal_backlog',
  'lock_waiters',
  'active_sessions',
  'connections',
  'vacuum_horizon',
  'dead_tuples',
  'autovacuum',
  'commit_latency',
  'query',
  'http',
  'window',
  'operator',
  'errors',
  'stale',
] as const;

/** A signal that slows or stops the pace. Every signal is one small file; adding one is adding a file and a list entry. */
export interface Reading {
  /** What was read; `null` where nothing can be read on this server at all. */
  readonly value: number | null;
  readonly limit: number;
  /** `stop` holds every batch until it is released; `slow` only steers. */
  readonly verdict: 'go' | 'slow' | 'stop' | 'n/a';
  /** value / limit: 1 is the stopping point; `null` when unknown, never 0 for unknown. */
  readonly utilisation: number | null;
  /** The same words in terminal, page, log and API. */
  readonly text: string;
  /** What releases it. */
  readonly release: string;
}
export interface Hold {
  readonly signal: string;
  readonly value: number | null;
  readonly limit: number;
  readonly text: string;
  readonly release: string;
  /** ISO 8601: since when. */
  readonly since: string;
}

/** A reading older than this is no reading: the pace stops. */
export const STALE_SECONDS = 15;
