/** Of the containers: they are asked from beside them. The page needs a token then, BELLOWS_WRITE_TOKEN of compose.yaml. */
export default {
  migrations: 'migrations',
  backfill: { concurrency: 2, rowsPerSecond: 10_000 },
  http: { host: '0.0.0.0', pageHost: '0.0.0.0' },
};
