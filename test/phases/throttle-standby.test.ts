/** Signals about standbys, slots, the archive and commits: on a primary of their own, with a standby that is made to misbehave. */
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commitLatency } from '#phases/backfill/throttle/commit-latency';
import { replicationLag } from '#phases/backfill/throttle/replication-lag';
import { standbyMissing } from '#phases/backfill/throttle/standby-missing';
import { vacuumHorizon } from '#phases/backfill/throttle/vacuum-horizon';
import { walBacklog } from '#phases/backfill/throttle/wal-backlog';
import { type PostgresServer, startPostgres } from '#servers/postgres';
import { startStandby } from '#servers/standby';
import { connect, createDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { expectHold, NEWEST_AND_OLDEST, useWalking } from './throttle-stage.js';

async function alter(client: pg.Client, change: string): Promise<void> {
  await client.query(`alter system ${change}`);
  await client.query('select pg_reload_conf()');
}

describe.each(NEWEST_AND_OLDEST)('on PostgreSQL %i', (major) => {
  let primary: PostgresServer;
  let standby: PostgresServer;

  beforeAll(async () => {
    primary = await startPostgres({
      major,
      settings: { fsync: 'off', archive_mode: 'on', archive_command: 'true', wal_keep_size: '512MB' },
    });
    standby = await startStandby(primary, {
      name: 'follower',
      settings: { archive_mode: 'off', hot_standby_feedback: 'on', wal_receiver_status_interval: '1s' },
    });
  });

  afterAll(async () => {
    await standby?.stop('immediate');
    await primary?.stop('immediate');
  });

  let used: TestDatabase;
  beforeEach(async () => {
    used = await createDatabase({ server: primary.url });
  });
  afterEach(() => used.drop());
  const startWalking = useWalking();

  async function onStandby(text: string): Promise<pg.Client> {
    const client = await connect(standby.url);
    await client.query(text);
    return client;
  }

  const onNewest = it.runIf(major === 18);

  describe('replication_lag', () => {
    it('holds by seconds when replay is paused, though the server then shows no lag', async () => {
      const walking = await startWalking(used.url, [replicationLag], {
        replication_lag: { seconds: 3, slowSeconds: 1 },
      });
      await until(async () => {
        const { rows } = await walking.shop.app.query(
          `select state from pg_stat_replication where state = 'streaming'`,
        );
        return rows.length === 1;
      });
      const client = await onStandby('select pg_wal_replay_pause()');
      await expectHold(
        walking,
        { signal: 'replication_lag', text: /^replication_lag: follower is [\d.]+ s behind \(limit 3 s\)$/ },
        () => client.query('select pg_wal_replay_resume()'),
      );
    });

    onNewest('holds by bytes', async () => {
      const walking = await startWalking(used.url, [replicationLag], {
        replication_lag: { seconds: 600, slowSeconds: 500, megabytes: 1 },
      });
      const client = await onStandby('select pg_wal_replay_pause()');
      await expectHold(
        walking,
        { signal: 'replication_lag', text: /^replication_lag: follower is [\d.]+ MB behind \(limit 1 MB\)$/ },
        () => client.query('select pg_wal_replay_resume()'),
      );
    });

    onNewest(
      'takes an idle standby, whose lag is null, for caught up; and a role that cannot see it for not applicable',
      async () => {
        const walking = await startWalking(used.url, [replicationLag]);
        const { app, database, store } = walking.shop;
        await until(
          async () => {
            const { rows } = await app.query<{ readings: Record<string, { verdict: string; text: string }> }>(
              'select readings from bellows.signals',
            );
            return rows[0]?.readings.replication_lag?.text.startsWith('follower is');
          },
          { what: 'a reading of the lag' },
        );
        expect(await store.holds(walking.run.id)).toEqual([]);
        await app.query(`create role blind; grant usage on schema bellows to blind`);
        const reading = await database.transaction({}, async (tx) => {
          await tx.query('set local role blind');
          return replicationLag.open()({
            database: { ...database, query: (text, values) => tx.query(text, values) },
            run: { ...walking.run, table: { schema: 'public', name: 'users' } },
            limits: {},
            declared: {},
            now: 0,
            failures: { inARow: 0, shortage: null, at: 0 },
          });
        });
        await app.query('revoke usage on schema bellows from blind; drop role blind');
        expect(reading).toMatchObject({
          verdict: 'n/a',
          release: 'it may: grant pg_read_all_stats to blind',
        });
      },
    );
  });

  describe('standby_missing', () => {
    onNewest('holds while a declared standby does not stream', async () => {
      const walking = await startWalking(used.url, [standbyMissing], {
        standby_missing: { names: ['follower'] },
      });
      const client = await connect(standby.url);
      await alter(client, `set primary_conninfo = 'host=127.0.0.1 port=1'`);
      await expectHold(
        walking,
        { signal: 'standby_missing', text: /^standby_missing: follower does not stream/ },
        () => alter(client, 'reset primary_conninfo'),
      );
    });
  });

  describe('wal_backlog', () => {
    it('holds while a slot that nobody reads keeps too much', async () => {
      const walking = await startWalking(used.url, [walBacklog], { wal_backlog: { gigabytes: 0.002 } });
      await walking.shop.app.query(`select pg_create_physical_replication_slot('forgotten', true)`);
      await expectHold(
        walking,
        {
          signal: 'wal_backlog',
          text: /slot forgotten, which nobody reads, keeps [\d.]+ MB of WAL \(limit 2 MB\)$/,
        },
        () => walking.shop.app.query(`select pg_drop_replication_slot('forgotten')`),
      );
    });

    it('holds while archiving fails', async () => {
      const walking = await startWalking(used.url, [walBacklog], { wal_backlog: { segments: 3 } });
      const { app } = walking.shop;
      await alter(app, `set archive_command = 'false'`);
      for (const n of [1, 2, 3, 4, 5]) {
        await app.query(`select pg_logical_emit_message(false, 'test', '${n}')`);
        await app.query('select pg_switch_wal()');
      }
      await expectHold(
        walking,
        { signal: 'wal_backlog', text: /\d+ WAL segments wait to be archived, archiving fails \(limit 3\)/ },
        () => alter(app, `set archive_command = 'true'`),
      );
    });
  });

  describe('commit_latency', () => {
    onNewest('holds while commits wait for a synchronous standby', async () => {
      const walking = await startWalking(used.url, [commitLatency], {
        commit_latency: { milliseconds: 300 },
      });
      const [client, admin] = [await connect(standby.url), await connect(used.url)];
      await alter(client, `set recovery_min_apply_delay = '500ms'`);
      await alter(admin, 'set synchronous_commit = remote_apply');
      await alter(admin, `set synchronous_standby_names = 'follower'`);
      await expectHold(
        walking,
        { signal: 'commit_latency', text: /^commit_latency: a commit takes [\d.]+ ms \(limit 300 ms\)$/ },
        async () => {
          await alter(admin, 'reset synchronous_standby_names');
          await alter(client, 'reset recovery_min_apply_delay');
        },
      );
      await alter(admin, 'reset synchronous_commit');
    });
  });

  describe('vacuum_horizon', () => {
    it('names the standby whose query keeps dead rows', async () => {
      const walking = await startWalking(used.url, [vacuumHorizon], { vacuum_horizon: { minutes: 0.03 } });
      const reader = await onStandby('begin isolation level repeatable read; select 1');
      await expectHold(
        walking,
        { signal: 'vacuum_horizon', text: /standby follower holds back vacuum for \d+ s/ },
        () => reader.query('commit'),
      );
    });
  });
});
