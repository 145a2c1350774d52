/** What the test run's global set-up hands to the test files: `inject('postgresUrl')`. */
export interface Addresses {
  /** Of the run's shared PostgreSQL 18, superuser, database `postgres`. */
  readonly postgresUrl: string;
  /** Of the run's Redis; null where the machine has none. Shared: use names of your own, never flush it. */
  readonly redisUrl: string | null;
}

declare module 'vitest' {
  interface ProvidedContext extends Addresses {}
}

/** Settings of every shared test server: quick to write, and with what the gate and two-phase tests look at. */
export const TEST_SETTINGS = {
  fsync: 'off',
  max_connections: '200',
  max_prepared_transactions: '10',
  shared_preload_libraries: 'pg_stat_statements',
} as const;
