import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { until } from '../support/until.js';
import { addColumn, withBench } from './ddl-bench.js';

let server: PostgresServer;

beforeAll(async () => {
  // Every page costs more than the limit, so that a few hundred pages are a vacuum of minutes.
  const settings = {
    autovacuum_naptime: '1s',
    autovacuum_vacuum_cost_delay: '100ms',
    autovacuum_vacuum_cost_limit: '1',
    fsync: 'off',
  };
  server = await startPostgres({ settings });
});
afterAll(() => server.stop('immediate'));

it('gets past an autovacuum, which gives way to nobody that waits for less than deadlock_timeout', async () => {
  await withBench(server.url, async (bench) => {
    const { database } = bench;
    await database.query(
      'create table t (id int, filler text) with (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)',
    );
    await database.query(`insert into t select i, repeat('x', 1000) from generate_series(1, 5000) i`);
    await database.query('delete from t');
    const vacuuming = async () =>
      (await database.query(`select from pg_stat_progress_vacuum where relid = 'public.t'::regclass`))
        .length > 0;
    await until(vacuuming, { timeoutMs: 20_000, what: 'an autovacuum of t' });
    expect(await bench.perform(addColumn('t', 'a'))).toEqual({ kind: 'done' });
    expect(bench.attempts()).toMatchObject([{ outcome: 'ok' }]);
    expect(bench.attempts()[0]?.lockWaitSeconds).toBeLessThan(0.5);
  });
}, 60_000);
