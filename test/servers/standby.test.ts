import { describe, expect, it } from 'vitest';
import { startPostgres } from '#servers/postgres';
import { startStandby } from '#servers/standby';
import { connect } from '../support/connections.js';
import { until } from '../support/until.js';

// 14 has the old names of the backup functions, 17 and later have one more folder.
describe.each([14, 18] as const)('a standby of %i', (major) => {
  it('replays, lags on request, and outlives a restart of its primary', async () => {
    const primary = await startPostgres({ major, settings: { fsync: 'off' } });
    let writer = await connect(primary.url);
    await writer.query('create table said as select generate_series(1, 1000) as n');

    const standby = await startStandby(primary, {
      name: 'follower',
      settings: { wal_retrieve_retry_interval: '100ms' },
    });
    const reader = await connect(standby.url);
    const count = async () => {
      const { rows } = await reader.query<{ n: string }>('select count(*) as n from said');
      return Number(rows[0]?.n);
    };
    const { rows } = await writer.query('select application_name, state from pg_stat_replication');
    expect(rows).toEqual([{ application_name: 'follower', state: 'streaming' }]);
    expect((await writer.query('select from pg_replication_slots')).rowCount).toBe(0);
    expect(await count()).toBe(1000);
    await expect(reader.query('insert into said values (0)')).rejects.toMatchObject({ code: '25006' });

    await reader.query('select pg_wal_replay_pause()');
    await until(async () => {
      const state = await reader.query<{ paused: boolean }>(
        `select pg_get_wal_replay_pause_state() = 'paused' as paused`,
      );
      return state.rows[0]?.paused;
    });
    await writer.query('insert into said values (1001)');
    expect(await count()).toBe(1000);
    await reader.query('select pg_wal_replay_resume()');
    await until(async () => (await count()) === 1001, { what: 'the standby to catch up' });

    await primary.restart('immediate');
    writer = await connect(primary.url);
    await writer.query('insert into said values (1002)');
    await until(async () => (await count()) === 1002, {
      what: 'the standby to reconnect',
      timeoutMs: 20_000,
    });
    await standby.stop();
    await primary.stop('immediate');
  });
});
