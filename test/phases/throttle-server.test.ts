/** Each signal against a real server in the state that it watches for. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { activeSessions } from '#phases/backfill/throttle/active-sessions';
import { autovacuum } from '#phases/backfill/throttle/autovacuum';
import { connections } from '#phases/backfill/throttle/connections';
import { deadTuples } from '#phases/backfill/throttle/dead-tuples';
import { errors } from '#phases/backfill/throttle/errors';
import { http } from '#phases/backfill/throttle/http';
import { lockWaiters } from '#phases/backfill/throttle/lock-waiters';
import { operator } from '#phases/backfill/throttle/operator';
import { querySignal } from '#phases/backfill/throttle/query';
import { vacuumHorizon } from '#phases/backfill/throttle/vacuum-horizon';
import { window } from '#phases/backfill/throttle/window';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { rowsInLedger, setState } from './backfill-workshop.js';
import { expectHold, NEWEST_AND_OLDEST, useWalking } from './throttle-stage.js';

describe.each(NEWEST_AND_OLDEST)('a signal that is on by default, on PostgreSQL %i', (major) => {
  const used = useDatabase({ major });
  const startWalking = useWalking();
  const onNewest = it.runIf(major === 18);

  onNewest('operator: a pause', async () => {
    const walking = await startWalking(used.url, [operator]);
    const { shop, run } = walking;
    await setState(shop.database, run.id, {
      kind: 'paused',
      by: 'anna',
      reason: 'quarter end',
      since: new Date().toISOString(),
      inner: run.state,
    });
    await until(async () => {
      const looked = await shop.deps.throttle.check({ id: run.id, migration: run.migration, table: TABLE });
      return looked.find(({ text }) => text === 'operator: paused by anna: quarter end');
    });
    // The walkers give up their ranges, so nobody reads signals meanwhile: only time can show that nothing is committed.
    const before = await rowsInLedger(shop.database, run.id);
    const over = Date.now() + 2_500;
    await until(() => Date.now() > over);
    expect(await rowsInLedger(shop.database, run.id)).toBe(before);
    await setState(shop.database, run.id, { ...run.state });
    await walking.goesOn();
  });

  onNewest('lock_waiters: a session that waits for us longer than a second', async () => {
    const walking = await startWalking(used.url, [lockWaiters]);
    const ours = await connect(used.url, { application_name: 'bellows worker' });
    await ours.query('create table hot (n integer); insert into hot values (1)');
    await ours.query('begin; update hot set n = 2');
    const waiting = walking.shop.app.query('update hot set n = 3');
    await expectHold(
      walking,
      { signal: 'lock_waiters', text: /waited for Bellows for \d+ ms \(limit 1000 ms\)/ },
      () => ours.query('commit'),
    );
    await waiting;
  });

  onNewest('connections: more than the limit are open', async () => {
    const app = await connect(used.url);
    const { rows } = await app.query<{ percent: number }>(
      `select ceil(100.0 * count(*) / 197)::integer as percent from pg_stat_activity where datid is not null`,
    );
    const percent = (rows[0]?.percent ?? 0) + 15;
    const walking = await startWalking(used.url, [connections], {
      connections: { percent, slowPercent: percent },
    });
    const many = await Promise.all(Array.from({ length: 40 }, () => connect(used.url)));
    await expectHold(
      walking,
      {
        signal: 'connections',
        text: /^connections: \d+ of 197 connections are in use, [\d.]+ % \(limit \d+ %\)$/,
      },
      () => Promise.all(many.map((client) => client.end())),
    );
  });

  it('vacuum_horizon: a transaction that stays open, and its culprit', async () => {
    const walking = await startWalking(used.url, [vacuumHorizon], {
      vacuum_horizon: { slowMinutes: 0.01, minutes: 0.03 },
    });
    const idle = await connect(used.url, { application_name: 'reports' });
    await idle.query('begin isolation level repeatable read; select 1');
    await expectHold(
      walking,
      {
        signal: 'vacuum_horizon',
        text: /pid \d+ \(reports, idle in transaction\) holds back vacuum for \d+ s/,
      },
      () => idle.query('commit'),
    );
  });

  onNewest('vacuum_horizon: a prepared transaction', async () => {
    const walking = await startWalking(used.url, [vacuumHorizon], { vacuum_horizon: { minutes: 0.03 } });
    const idle = await connect(used.url);
    await idle.query(
      `create table other (n integer); begin; insert into other values (1); prepare transaction 'left behind'`,
    );
    await expectHold(
      walking,
      { signal: 'vacuum_horizon', text: /prepared transaction left behind holds back vacuum/ },
      () => idle.query(`commit prepared 'left behind'`),
    );
  });

  it('dead_tuples: too many dead rows of the table, until it is vacuumed', async () => {
    const walking = await startWalking(
      used.url,
      [deadTuples],
      {},
      { extra: ') with (autovacuum_enabled = off' },
    );
    // Many at once: the walk itself removes some of its own as it goes, and would stay about at the limit.
    // By a session that ends, since one that is idle may keep what it has counted for ten seconds.
    const other = await connect(used.url);
    await other.query('update users set n = n + 1 where id > 50000');
    await other.end();
    await expectHold(
      walking,
      {
        signal: 'dead_tuples',
        text: /^dead_tuples: [\d.]+ % of the table's rows are dead, \d+ \(limit 20 %\)$/,
      },
      () => walking.shop.app.query('vacuum users'),
    );
  });

  it('autovacuum: a vacuum at work on the table, for the minutes that were given', async () => {
    const walking = await startWalking(used.url, [autovacuum], { autovacuum: { holdMinutes: 10 } });
    const vacuuming = await connect(used.url);
    await vacuuming.query('set vacuum_cost_delay = 100; set vacuum_cost_limit = 1');
    const { rows } = await vacuuming.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = vacuuming.query('vacuum users').catch((error: unknown) => error);
    await expectHold(walking, { signal: 'autovacuum', text: /a vacuum \(pid \d+\) works on the table/ }, () =>
      walking.shop.app.query('select pg_cancel_backend($1)', [rows[0]?.pid]),
    );
    expect(await ended).toMatchObject({ code: '57014' });
  });

  onNewest('autovacuum: only slows by default', async () => {
    const walking = await startWalking(used.url, [autovacuum]);
    const vacuuming = await connect(used.url);
    await vacuuming.query('set vacuum_cost_delay = 100; set vacuum_cost_limit = 1');
    const { rows } = await vacuuming.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = vacuuming.query('vacuum users').catch((error: unknown) => error);
    const { store } = walking.shop;
    await until(async () => (await store.runById(walking.run.id))?.pace.rest === 1, {
      what: 'a lone worker to rest',
    });
    expect(await store.holds(walking.run.id)).toEqual([]);
    await walking.shop.app.query('select pg_cancel_backend($1)', [rows[0]?.pid]);
    await ended;
  });

  onNewest('errors: the server is short of something, until a batch commits', async () => {
    const walking = await startWalking(used.url, [errors], { errors: { restSeconds: 2 } });
    const { app } = walking.shop;
    await app.query(`create table disk (full_since timestamptz);
      create function fails() returns trigger language plpgsql as $$ begin
        if exists (select from disk) then
          raise exception 'No space left on device' using errcode = 'disk_full';
        end if;
        return null;
      end $$;
      create trigger fails after update on users for each statement execute function fails()`);
    await walking.goesOn();
    await app.query('insert into disk values (now())');
    await expectHold(walking, { signal: 'errors', text: /the server is short: disk_full/ }, () =>
      app.query('delete from disk'),
    );
    expect((await walking.shop.store.runById(walking.run.id))?.state.kind).toBe('backfilling');
  });
});

describe('a signal that is declared', () => {
  const used = useDatabase();
  const startWalking = useWalking();

  it('active_sessions: more than the limit run a statement', async () => {
    const walking = await startWalking(used.url, [activeSessions], { active_sessions: { sessions: 4 } });
    const busy = await Promise.all([1, 2, 3, 4].map(() => connect(used.url)));
    const sleeping = busy.map((client) =>
      client.query('select pg_sleep(60)').catch((error: unknown) => error),
    );
    await expectHold(
      walking,
      { signal: 'active_sessions', text: /\d+ sessions are active \(limit 4\)/ },
      () =>
        walking.shop.app.query(
          `select pg_cancel_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'`,
        ),
    );
    await Promise.all(sleeping);
  });

  it('query: a number of your own SQL', async () => {
    const app = await connect(used.url);
    await app.query('create table load (now numeric); insert into load values (3)');
    const id = 'query:load';
    const walking = await startWalking(used.url, [querySignal(id)], {
      [id]: { sql: 'select now from load', limit: 10 },
    });
    await app.query('update load set now = 12.5');
    await expectHold(walking, { signal: id, text: /^query:load: it gives 12.5 \(limit 10\)$/ }, () =>
      app.query('update load set now = 9'),
    );
    await app.query('drop table load');
    await expectHold(walking, { signal: id, text: /cannot be read/ }, () =>
      app.query('create table load (now numeric); insert into load values (3)'),
    );
  });

  it('query: cannot write, and cannot take longer than 5 s', async () => {
    const app = await connect(used.url);
    await app.query('create table load (now numeric)');
    const id = 'query:load';
    const walking = await startWalking(used.url, [querySignal(id)], { [id]: { sql: 'select 1', limit: 10 } });
    const declare = (sql: string) =>
      app.query(
        `update bellows.runs set pace = jsonb_set(pace, '{throttle,query:load,sql}', to_jsonb($1::text))`,
        [sql],
      );
    await declare('insert into load values (1) returning now');
    expect((await walking.held(id)).text).toMatch(/read-only|read_only/);
    await declare('select pg_sleep(60)');
    await until(async () => /canceling|timeout|query_canceled/.test((await walking.held(id)).text), {
      timeoutMs: 15_000,
    });
    expect((await app.query('select from load')).rowCount).toBe(0);
  });

  it('window: the hours of the database', async () => {
    const now = new Date();
    const hour = (n: number) => `${String((now.getUTCHours() + n + 24) % 24).padStart(2, '0')}:00`;
    const open = `${hour(-1)}-${hour(2)}`;
    const closed = `${hour(2)}-${hour(4)} UTC`;
    const walking = await startWalking(used.url, [window], { window: { hours: [open] } });
    const say = (hours: string) =>
      walking.shop.app.query(
        `update bellows.runs set pace = jsonb_set(pace, '{throttle,window,hours}', $1)`,
        [JSON.stringify([hours])],
      );
    await say(closed);
    await expectHold(walking, { signal: 'window', text: new RegExp(`^window: outside of ${closed}$`) }, () =>
      say(open),
    );
  });
});

describe('http', () => {
  const used = useDatabase();
  const startWalking = useWalking();
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
    server = undefined;
  });

  it('holds on any answer but 2xx, on a redirect, and on none', async () => {
    let status = 200;
    const own = createServer((_, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end('x'),
    );
    server = own;
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}/may-go?token=secret`;
    const walking = await startWalking(used.url, [http], { http: { url } });
    for (const wrong of [503, 302]) {
      status = wrong;
      const text = new RegExp(`^http: http://127.0.0.1:\\d+/may-go answers ${wrong} \\(2xx lets it go\\)$`);
      await expectHold(walking, { signal: 'http', text }, async () => {
        status = 200;
      });
    }
    own.closeAllConnections();
    await new Promise((resolve) => own.close(resolve));
    const hold = await walking.held('http');
    expect(hold).toMatchObject({ value: null, text: expect.stringContaining('does not answer within 2 s') });
    expect(JSON.stringify(hold)).not.toContain('secret');
  });
});

const TABLE = { schema: 'public', name: 'users' };
