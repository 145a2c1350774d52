/** Plain SQL migrations beside others: two runners, an application that holds locks, a pooler, index builds that must not deadlock. */
import { describe, expect, it } from 'vitest';
import { refusal, useProjects, values } from '../e2e/stage.js';
import { connect } from '../support/database.js';
import { until } from '../support/until.js';
import { spawnBellows } from './bellows-process.js';

const { database, open } = useProjects();

describe('two runners', () => {
  const FILES = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [
      `202401${String(i + 1).padStart(2, '0')}000000_t.sql`,
      `create table if not exists log (n int);\ninsert into log values (${i});\nselect pg_sleep(0.5);`,
    ]),
  );

  it('run each file once, and the second says whom it waits for', async () => {
    const project = await open(FILES);
    const at = { cwd: project.cwd, url: database.url };
    const first = spawnBellows(['up'], at);
    await first.waitForLine(/Applied .*_t\.sql/);
    const second = spawnBellows(['up'], at);
    const codes = await Promise.all([first.exited, second.exited]);
    expect(codes.map(({ code }) => code)).toEqual([0, 0]);
    expect(second.stderr).toMatch(/Waiting for \S+\/\d+, which is running plain SQL migrations/);
    expect(await values(project.client, 'select n as value from log order by n')).toEqual(
      Object.keys(FILES).map((_, i) => i),
    );
  }, 60_000);

  it('the second exits 4 when it shall not wait', async () => {
    const project = await open({ '20240101000000_a.sql': 'select pg_sleep(600);' });
    const at = { cwd: project.cwd, url: database.url };
    const first = spawnBellows(['up'], at);
    await until(
      async () =>
        (await values(project.client, `select holder as value from bellows.lease where name = 'plain'`))[0],
      { what: 'the lease to be taken' },
    );
    const second = spawnBellows(['up', '--lock-wait', '0s'], at);
    expect((await second.exited).code).toBe(4);
    expect(second.stderr).toContain('BELLOWS_SQL_BUSY');
    await first.kill('SIGINT');
  });

  it('the second waits also for a file that the first is in the middle of', async () => {
    const project = await open({
      '20240101000000_a.sql':
        'create table a (n int);\ncreate index concurrently a_n on a (n);\ninsert into a values (1);',
    });
    await project.client.query('create table other ()');
    const older = await connect(database.url);
    await older.query('begin isolation level repeatable read');
    await older.query('select from other');
    const at = { cwd: project.cwd, url: database.url };
    const first = spawnBellows(['up'], at);
    const builds = `select pid as value from pg_stat_activity where state = 'active' and query like 'create index concurrently%'`;
    await until(async () => (await values(project.client, builds)).length === 1, {
      what: 'the build to wait',
    });
    const second = spawnBellows(['up'], at);
    await second.waitForLine(/Waiting for/);
    await older.query('commit');
    expect((await Promise.all([first.exited, second.exited])).map(({ code }) => code)).toEqual([0, 0]);
    expect(await values(project.client, 'select n as value from a')).toEqual([1]);
  }, 60_000);

  it('does not deadlock with CONCURRENTLY: the index is valid while another runner waits', async () => {
    const project = await open({
      '20240101000000_a.sql': 'create table a as select n from generate_series(1, 200000) n;',
      '20240102000000_b.sql': 'create index concurrently a_n on a (n);',
    });
    const runners = await Promise.all([1, 2, 3].map(() => project.bellows.up()));
    expect(runners.map(({ reached }) => reached)).toEqual([true, true, true]);
    expect(
      await values(
        project.client,
        `select indisvalid as value from pg_index where indexrelid = 'a_n'::regclass`,
      ),
    ).toEqual([true]);
  });
});

describe('the lease', () => {
  it('is not locked while a migration runs, and is what its commit hangs on', async () => {
    const project = await open({ '20240101000000_a.sql': 'create table a (id int);\nselect pg_sleep(600);' });
    const running = project.bellows.up().catch((error: unknown) => error);
    const lease = `from bellows.lease where name = 'plain'`;
    await until(async () => (await values(project.client, `select holder as value ${lease}`))[0], {
      what: 'the lease',
    });
    await until(
      async () =>
        (
          await values(
            project.client,
            `select pid as value from pg_stat_activity where query like '%pg_sleep(600)' and state = 'active' and pid <> pg_backend_pid()`,
          )
        )[0],
      { what: 'the sleep' },
    );
    await project.client.query(`select ${lease} for update nowait`);
    // Somebody takes over: the old holder notices at its next renewal, and nothing of it is kept.
    await project.client.query(
      `update bellows.lease set holder = gen_random_uuid(), epoch = epoch + 1 where name = 'plain'`,
    );
    expect(await running).toMatchObject({ code: 'BELLOWS_FENCED' });
    expect(await values(project.client, `select to_regclass('a') as value`)).toEqual([null]);
  }, 30_000);
});

describe('a lease that is lost before the commit', () => {
  it.each([
    ['another process took it', 'set holder = gen_random_uuid(), epoch = epoch + 1'],
    ['it has run out', `set expires_at = clock_timestamp()`],
  ])('leaves nothing: %s', async (_, taken) => {
    const project = await open({
      '20240101000000_a.sql': 'create table a (id int);',
      // The last moment at which it can be lost: what is sent next is the record, and in the same message the commit.
      '20240102000000_b.sql': `create table b (id int);\nupdate bellows.lease ${taken} where name = 'plain';`,
      '20240103000000_c.sql': 'create table c (id int);',
    });
    expect(await refusal(project.bellows.up())).toMatchObject({ code: 'BELLOWS_FENCED' });
    expect(
      await values(
        project.client,
        `select relname as value from pg_class where relname in ('a', 'b', 'c') and relnamespace = 'public'::regnamespace`,
      ),
    ).toEqual(['a']);
    expect(await values(project.client, 'select version as value from schema_migrations')).toEqual([
      '20240101000000',
    ]);
    expect(
      await values(
        project.client,
        `select migration as value from bellows.history where action = 'sql_applied'`,
      ),
    ).toEqual(['20240101000000_a']);
    expect(await values(project.client, 'select version as value from bellows.plain')).toEqual([
      '20240101000000',
    ]);
  });
});

describe('an application that holds a lock', () => {
  it('is not made to wait for longer than lock_timeout, is named, and does not fail the migration', async () => {
    const project = await open(
      {
        '20240101000000_a.sql': 'create table a (id int);',
        '20240102000000_b.sql': 'create table b ();\nalter table a add column x int;',
      },
      { overrides: { sql: { lockTimeoutMs: 300 } } },
    );
    await project.bellows.up({ to: '20240101000000' });
    const holder = await connect(database.url, { application_name: 'reports' });
    await holder.query('begin; select * from a');
    const child = spawnBellows(['up'], {
      cwd: project.cwd,
      url: database.url,
    });
    await child.waitForLine(/Line 2 did not get its lock in time, held by pid \d+ app=reports/);
    const reader = await connect(database.url);
    const waits: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const began = performance.now();
      await reader.query('select count(*) from a');
      waits.push(performance.now() - began);
    }
    await holder.query('commit');
    expect((await child.exited).code).toBe(0);
    // The child has the default of 5 s: nobody waited longer than that.
    expect(Math.max(...waits)).toBeLessThan(6_000);
    expect(
      await values(
        project.client,
        `select count(*)::int as value from pg_attribute where attrelid = 'a'::regclass and attname = 'x'`,
      ),
    ).toEqual([1]);
  }, 60_000);

  it('holds up no file before the one that waits: that is committed, told and recorded', async () => {
    const project = await open(
      {
        '20240101000000_a.sql': 'create table a (id int);',
        '20240102000000_b.sql': 'create table b (id int);',
        '20240103000000_c.sql': 'alter table a add column x int;',
      },
      { overrides: { sql: { lockTimeoutMs: 200 } } },
    );
    await project.bellows.up({ to: '20240101000000' });
    const holder = await connect(database.url);
    await holder.query('begin; select * from a');
    const running = project.bellows.up();
    await until(
      async () =>
        (
          await values(
            project.client,
            `select relation as value from pg_locks where not granted and relation = 'a'::regclass`,
          )
        )[0],
      { what: 'the last one to wait' },
    );
    expect(await values(project.client, 'select version as value from schema_migrations order by 1')).toEqual(
      ['20240101000000', '20240102000000'],
    );
    await holder.query('commit');
    expect((await running).reached).toBe(true);
    expect(
      await values(
        project.client,
        `select migration as value from bellows.history where action = 'sql_applied' order by id`,
      ),
    ).toEqual(['20240101000000_a', '20240102000000_b', '20240103000000_c']);
  });

  it('gives up after its deadline, with nothing kept', async () => {
    const project = await open(
      {
        '20240101000000_a.sql': 'create table a (id int);',
        '20240102000000_b.sql': 'create table b ();\nalter table a add column x int;',
      },
      { overrides: { sql: { lockTimeoutMs: 50, deadline: '1s' } } },
    );
    await project.bellows.up({ to: '20240101000000' });
    const holder = await connect(database.url);
    await holder.query('begin; select * from a');
    const error = await refusal(project.bellows.up());
    expect([error.data.sqlstate, error.data.line]).toEqual(['55P03', 2]);
    expect(error.text.left).toContain('Nothing of this file was kept');
    expect(await values(project.client, `select to_regclass('b') as value`)).toEqual([null]);
  });
});
