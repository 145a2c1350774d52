import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHECKS } from '#core/gate';
import { createMetrics } from '#observe/metrics';
import { rowCounter } from '#observe/row-counter';
import { stateReader } from '#observe/state';
import { LEDGER_ROWS } from '#observe/state-sql';
import { createDatabase, type PostgresDatabase } from '#postgres/database';
import { installSchema } from '#postgres/install';
import { connect, useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { type Exposition, parseExposition } from './exposition.js';
import { addBatches, addChecks, addHistory, addRange, addRun } from './ledger.js';

const used = useDatabase({ per: 'file' });
let client: pg.Client;
let database: PostgresDatabase;

beforeAll(async () => {
  database = createDatabase({ url: used.url, applicationName: 'metrics', max: 2 });
  await installSchema(database);
  client = await connect(used.url);
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  // The history refuses to be emptied, on purpose; run ids are not used twice.
  await client.query(
    `truncate bellows.runs, bellows.ranges, bellows.batches, bellows.checks, bellows.holds, bellows.quarantine,
       bellows.workers cascade`,
  );
});

async function scrape(): Promise<Exposition> {
  const metrics = createMetrics({ version: '1.2.3', readState: stateReader(database) });
  return parseExposition(await metrics.text());
}

const backfilling = { kind: 'backfilling', since: '2026-01-01T00:00:00Z', again: null };
const phases = (seen: Exposition, migration: string) =>
  seen.samples
    .filter((s) => s.name === 'bellows_migration_phase' && s.labels.migration === migration && s.value === 1)
    .map((s) => s.labels.phase);

describe('a backfill', () => {
  it('shows progress by blocks, rows from the ledger, and an honest time left', async () => {
    const run = await addRun(client, {
      migration: '0042_split',
      state: backfilling,
      tables: [
        ['public', 'users'],
        ['sales', 'orders'],
      ],
      pace: { concurrency: 3, targetMs: 250, rowsPerSecond: null },
    });
    const first = await addRange(client, { run, lo: 0, hi: 100, cursor: 100, state: 'done' });
    await addRange(client, { run, lo: 100, hi: 300, cursor: 120, state: 'open' });
    const old = await addRange(client, {
      run,
      lo: 0,
      hi: 900,
      cursor: 0,
      state: 'void',
      rowsExpected: 9_000,
    });
    await addRange(client, { run, lo: 0, hi: 300, cursor: 300, state: 'done', pass: 2 });
    await addBatches(client, { run, range: first, count: 30, blocks: 4, rows: 10, seconds: 100 });
    // Its range was planned again, but its rows are moved.
    await addBatches(client, { run, range: old, count: 1, blocks: 0, rows: 7, seconds: 100 });
    const seen = await scrape();
    const of = { migration: '0042_split' };
    expect(seen.one('bellows_backfill_progress_ratio', of)).toBeCloseTo(120 / 300, 10);
    expect(seen.one('bellows_backfill_rows_done', of)).toBe(307);
    expect(seen.one('bellows_backfill_rows_expected', of)).toBe(1_000);
    // 120 blocks in 100 s, 180 to go.
    const eta = seen.one('bellows_backfill_eta_seconds', of)!;
    expect(eta).toBeGreaterThanOrEqual(149);
    expect(eta).toBeLessThan(160);
    expect(seen.one('bellows_backfill_concurrency_limit', of)).toBe(3);
    expect(seen.one('bellows_backfill_batch_target_seconds', of)).toBe(0.25);
    const commit = seen.one('bellows_backfill_last_commit_timestamp_seconds', of)!;
    expect(Date.now() / 1_000 - commit).toBeLessThan(20);
    expect(phases(seen, '0042_split')).toEqual(['backfilling']);
    expect(seen.all('bellows_migration_phase', of)).toHaveLength(10);
    expect(seen.one('bellows_migration_info', { table: 'sales.orders', file_checksum: 'abcdef01' })).toBe(1);
    expect(seen.one('bellows_migration_info', { table: 'users' })).toBe(1);
  });

  it('says nothing that it does not know', async () => {
    const run = await addRun(client, { migration: 'a', state: backfilling, expectedRows: [null] });
    let seen = await scrape();
    expect(seen.all('bellows_backfill_rows_expected')).toEqual([]);
    expect(seen.all('bellows_backfill_progress_ratio')).toEqual([]);
    expect(seen.all('bellows_backfill_last_commit_timestamp_seconds')).toEqual([]);
    expect(seen.one('bellows_backfill_rows_done', { migration: 'a' })).toBe(0);
    expect(seen.all('bellows_gate_open')).toEqual([]);
    // Before 1 % or 20 batches there is no pace.
    const range = await addRange(client, {
      run,
      lo: 0,
      hi: 1_000,
      cursor: 9,
      state: 'open',
      rowsExpected: null,
    });
    await addBatches(client, { run, range, count: 9, blocks: 1, rows: 50, seconds: 10 });
    seen = await scrape();
    expect(seen.one('bellows_backfill_progress_ratio', { migration: 'a' })).toBeCloseTo(0.009, 10);
    expect(seen.all('bellows_backfill_rows_expected')).toEqual([]);
    expect(seen.all('bellows_backfill_eta_seconds')).toEqual([]);
  });

  it('counts time without commits into the pace', async () => {
    const run = await addRun(client, { migration: 'a', state: backfilling });
    const range = await addRange(client, { run, lo: 0, hi: 200, cursor: 100, state: 'open' });
    // All of the 100 blocks in the first of the 5 minutes since: held ever since.
    await addBatches(client, { run, range, count: 25, blocks: 4, rows: 1, seconds: 300 });
    await client.query(`update bellows.batches set committed_at = clock_timestamp() - interval '300 s'`);
    const eta = (await scrape()).one('bellows_backfill_eta_seconds', { migration: 'a' })!;
    expect(eta).toBeGreaterThanOrEqual(299);
    expect(eta).toBeLessThan(310);
  });

  it('of an empty table is through, and of two tables is not when the first is', async () => {
    const empty = await addRun(client, { migration: 'empty', state: backfilling });
    await addRange(client, { run: empty, lo: 0, hi: 0, cursor: 0, state: 'done', rowsExpected: null });
    const two = await addRun(client, { migration: 'two', state: backfilling, expectedRows: [10, 10] });
    await addRange(client, { run: two, lo: 0, hi: 10, cursor: 10, state: 'done' });
    const seen = await scrape();
    expect(seen.one('bellows_backfill_progress_ratio', { migration: 'empty' })).toBe(1);
    expect(seen.one('bellows_backfill_progress_ratio', { migration: 'two' })).toBe(0.5);
  });

  it('names what holds it while it backfills, and not afterwards', async () => {
    const run = await addRun(client, { migration: 'a', state: backfilling });
    for (const signal of ['replication_lag', 'query:wal rate', 'brand_new']) {
      await client.query(
        `insert into bellows.holds (run_id, signal, "limit", text, release) values ($1, $2, 5, 'lag', 'it falls')`,
        [run, signal],
      );
    }
    let seen = await scrape();
    const held = seen.samples.filter((s) => s.name === 'bellows_throttle_active' && s.value === 1);
    expect(held.map((s) => s.labels.reason).sort()).toEqual(['other', 'query', 'replication_lag']);
    expect(seen.one('bellows_throttle_active', { migration: 'a', reason: 'window' })).toBe(0);
    await client.query(
      `update bellows.runs set state = '{"kind":"settling","since":"2026-01-01T00:00:00Z"}'`,
    );
    seen = await scrape();
    expect(new Set(seen.all('bellows_throttle_active'))).toEqual(new Set([0]));
  });

  it('shows how near each signal is to its limit, while that is known and new, and the vacuums of the walk', async () => {
    const run = await addRun(client, {
      migration: 'a',
      state: backfilling,
      pace: { concurrency: 2, ceiling: 4, rowsPerSecond: 900 },
    });
    const readings = {
      'query:wal': { utilisation: 0.3 },
      'query:disk': { utilisation: 1.2 },
      replication_lag: { utilisation: null },
    };
    await client.query('insert into bellows.signals (run_id, readings) values ($1, $2)', [run, readings]);
    await client.query(
      'insert into bellows.vacuums (run_id, leaf, seconds, runs) values ($1, 1, 2.5, 3), ($1, 2, 1, 1)',
      [run],
    );
    const near = async () =>
      (await scrape()).samples
        .filter(({ name }) => name === 'bellows_throttle_utilization_ratio')
        .map(({ labels, value }) => [labels.reason, value]);
    expect(await near()).toEqual([['query', 1.2]]);
    const seen = await scrape();
    expect(seen.one('bellows_backfill_concurrency_limit')).toBe(2);
    expect(seen.one('bellows_backfill_concurrency_ceiling')).toBe(4);
    expect(seen.one('bellows_backfill_rows_per_second_limit')).toBe(900);
    expect(seen.one('bellows_backfill_vacuums_total')).toBe(4);
    expect(seen.one('bellows_backfill_vacuum_seconds_total')).toBe(3.5);
    await client.query(`update bellows.signals set read_at = clock_timestamp() - interval '16 s'`);
    expect(await near()).toEqual([]);
  });

  it('counts open rows in quarantine', async () => {
    const run = await addRun(client, { migration: 'a', state: backfilling });
    await client.query(
      `insert into bellows.quarantine (run_id, backfill, leaf, leaf_schema, leaf_table, row_key, sqlstate, reason, state)
       select $1, 0, 1, 'public', 'users', jsonb_build_object('id', 'secret-' || i), '22P02', 'bad',
         case when i <= 3 then 'open' else 'skipped' end
       from generate_series(1, 5) as i`,
      [run],
    );
    const metrics = createMetrics({ version: '1', readState: stateReader(database) });
    const text = await metrics.text();
    expect(parseExposition(text).one('bellows_backfill_quarantined_rows')).toBe(3);
    expect(text).not.toContain('secret');
  });
});

describe('a migration', () => {
  it('keeps the phase that a pause left, and is paused by no name', async () => {
    const paused = (by: string) => ({
      kind: 'paused',
      inner: backfilling,
      by,
      reason: 'r',
      since: '2026-01-01T00:00:00Z',
    });
    await addRun(client, { migration: 'a', state: paused('cli:anna@laptop') });
    await addRun(client, { migration: 'b', state: paused('bellows') });
    const metrics = createMetrics({ version: '1', readState: stateReader(database) });
    const text = await metrics.text();
    const seen = parseExposition(text);
    expect(text).not.toContain('anna');
    expect(phases(seen, 'a')).toEqual(['backfilling']);
    expect(seen.one('bellows_migration_paused', { migration: 'a', by: 'operator' })).toBe(1);
    expect(seen.one('bellows_migration_paused', { migration: 'a', by: 'bellows' })).toBe(0);
    expect(seen.one('bellows_migration_paused', { migration: 'b', by: 'bellows' })).toBe(1);
    expect(seen.all('bellows_backfill_eta_seconds')).toEqual([]);
  });

  it('that failed is in phase failed alone', async () => {
    const state = {
      kind: 'failed',
      inner: backfilling,
      code: 'C',
      message: 'm',
      next: 'n',
      since: '2026-01-01T00:00:00Z',
    };
    await addRun(client, { migration: 'a', state });
    expect(phases(await scrape(), 'a')).toEqual(['failed']);
  });

  it('shows when it last entered each phase; a changed pace is no phase', async () => {
    const run = await addRun(client, { migration: 'a', state: backfilling });
    await addHistory(client, run, 'a', 1_000, 'expanded', { from: 'expanding', to: 'backfilling' });
    await addHistory(client, run, 'a', 2_000.5, 'rows_pending', {
      from: 'settling',
      to: 'backfilling',
      reason: 'r',
    });
    await addHistory(client, run, 'a', 1_500, 'backfilled', { from: 'backfilling', to: 'settling' });
    await addHistory(client, run, 'a', 3_000, 'set_pace', {
      from: { concurrency: 1 },
      to: { concurrency: 2 },
    });
    await addHistory(client, '999999', 'a', 9_000, 'settled', { from: 'settling', to: 'gated' });
    const seen = await scrape();
    const at = (phase: string) => seen.one('bellows_migration_phase_entered_timestamp_seconds', { phase });
    expect([at('backfilling'), at('settling'), at('gated'), at('done')]).toEqual([
      2_000.5,
      1_500,
      undefined,
      undefined,
    ]);
    expect(seen.all('bellows_migration_phase_entered_timestamp_seconds')).toHaveLength(2);
    const spent = (phase: string) => seen.one('bellows_migration_phase_duration_seconds', { phase })!;
    expect(spent('settling')).toBe(500.5);
    // From 1,000 to 1,500, and since 2,000.5.
    expect(spent('backfilling')).toBeCloseTo(Date.now() / 1_000 - 2_000.5 + 500, -1);
  });

  it('goes 24 hours after its end; of several runs the newest counts', async () => {
    const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    await addRun(client, { migration: 'yesterday', state: { kind: 'done', at: ago(23) } });
    await addRun(client, { migration: 'before', state: { kind: 'done', at: ago(25) } });
    await addRun(client, { migration: 'gone', state: { kind: 'rolled_back', at: ago(30) } });
    await addRun(client, { migration: 'again', state: { kind: 'rolled_back', at: ago(1) } });
    await addRun(client, { migration: 'again', state: { kind: 'pending', waitsFor: null } });
    const seen = await scrape();
    const shown = new Set(
      seen.samples.filter((s) => s.name === 'bellows_migration_phase').map((s) => s.labels.migration),
    );
    expect([...shown].sort()).toEqual(['again', 'yesterday']);
    expect(phases(seen, 'again')).toEqual(['pending']);
  });
});

describe('what stands in its ledger', () => {
  const of = { migration: 'a' };

  it('shows steps and who blocks them, verifications, decisions, holds that are over and holds that last', async () => {
    const run = await addRun(client, { migration: 'a', state: backfilling });
    await client.query(
      `insert into bellows.steps (run_id, step_id, state, attempts, started_at, finished_at, blockers)
       values ($1, 'expand/1', 'done', 1, now() - interval '9 s', now() - interval '4 s', '[]'),
         ($1, 'settle/1', 'running', 3, now() - interval '60 s', null, '[{}, {}]')`,
      [run],
    );
    await client.query(
      `insert into bellows.verifications (run_id, checksum, fingerprint, finished_at, rows, mismatched)
       values ($1, '', '', now(), 100, 4), ($1, '', '', now(), 100, 1), ($1, '', '', null, null, null)`,
      [run],
    );
    await client.query(
      `insert into bellows.approvals (run_id, approved_by, reason, checksum) values ($1, 'anna', 'r', '')`,
      [run],
    );
    await addHistory(client, run, 'a', 1_000, 'skip_check', { check: 'soak' });
    const plain = {
      statements: [
        { line: 3, ms: 250, locks: [{ relation: 'a', mode: 'SHARE', heldMs: 400 }] },
        { line: 9, ms: 10 },
      ],
    };
    await client.query(
      `insert into bellows.history (actor, migration, action, detail) values ('test', '1_plain', 'sql_applied', $1)`,
      [JSON.stringify(plain)],
    );
    await client.query(
      `insert into bellows.throttled (run_id, signal, seconds, events) values ($1, 'operator', 100, 2)`,
      [run],
    );
    await client.query(
      `insert into bellows.holds (run_id, signal, "limit", text, release, since, seen_at)
       values ($1, 'operator', 1, '', '', now() - interval '80 s', now() - interval '50 s')`,
      [run],
    );
    const seen = await scrape();
    const statement = { migration: '1_plain', line: '3' };
    expect(seen.one('bellows_sql_statement_seconds', statement)).toBe(0.25);
    expect(seen.one('bellows_sql_lock_held_seconds', statement)).toBe(0.4);
    expect(seen.one('bellows_sql_statement_seconds', { ...statement, line: '9' })).toBe(0.01);
    expect(seen.one('bellows_ddl_duration_seconds', { ...of, step: 'expand/1' })).toBe(5);
    expect(seen.one('bellows_ddl_duration_seconds', { ...of, step: 'settle/1' })).toBeGreaterThanOrEqual(60);
    expect(seen.one('bellows_ddl_blocking_sessions', of)).toBe(2);
    expect(seen.one('bellows_verify_rows_total', { ...of, result: 'match' })).toBe(195);
    expect(seen.one('bellows_verify_rows_total', { ...of, result: 'mismatch' })).toBe(5);
    expect(seen.one('bellows_verify_mismatched_rows', of)).toBe(1);
    expect(seen.one('bellows_gate_decisions_total', { ...of, decision: 'approved' })).toBe(1);
    expect(seen.one('bellows_gate_decisions_total', { ...of, decision: 'skipped' })).toBe(1);
    expect(seen.one('bellows_throttle_seconds_total', { ...of, reason: 'operator' })).toBe(130);
    expect(seen.one('bellows_throttle_events_total', { ...of, reason: 'operator' })).toBe(3);
    expect(seen.one('bellows_audit_events_total', { action: 'skip_check' })).toBeGreaterThanOrEqual(1);
  });

  it('shows ranges in flight, jobs that wait for a worker, and the size of the batches of now', async () => {
    const run = await addRun(client, { migration: 'a', state: backfilling });
    const held = await addRange(client, { run, lo: 0, hi: 100, cursor: 50, state: 'open' });
    const waiting = await addRange(client, { run, lo: 100, hi: 200, cursor: 100, state: 'open' });
    await client.query(
      `update bellows.ranges set job_id = id::text, queued_at = now() - interval '40 s',
         holder = case when id = $1 then gen_random_uuid() end, beat_at = case when id = $1 then now() end`,
      [held],
    );
    await addBatches(client, { run, range: held, count: 5, blocks: 2, rows: 70, seconds: 3 });
    let seen = await scrape();
    expect(seen.one('bellows_backfill_batches_in_flight', of)).toBe(1);
    expect(seen.one('bellows_backfill_batch_target_rows', of)).toBe(70);
    expect(seen.one('bellows_queue_oldest_wait_seconds')).toBeCloseTo(40, -1);
    await client.query('update bellows.ranges set job_id = null, queued_at = null where id = $1', [waiting]);
    seen = await scrape();
    expect(seen.one('bellows_queue_oldest_wait_seconds')).toBe(0);
  });
});

describe('the tables of a migration', () => {
  it('show dead rows, size, invalid indexes and the sync triggers, partitions included, behind any lock', async () => {
    await client.query(`
      create table parts (id int, v text) partition by range (id);
      create table part1 partition of parts for values from (0) to (10000);
      insert into parts select i, 'v' from generate_series(1, 9000) i;
      create unique index part1_v on part1 (id);
      analyze part1;
      update parts set v = 'w' where id <= 1000;
      create function bellows.sync_a() returns trigger language plpgsql as 'begin return new; end';
      create trigger ins before insert on parts for each row execute function bellows.sync_a();
      create trigger upd before update on parts for each row execute function bellows.sync_a();
      alter table parts enable always trigger ins;
      alter table parts enable always trigger upd;
      update pg_index set indisvalid = false where indexrelid = 'part1_v'::regclass`);
    const run = await addRun(client, { migration: 'a', state: backfilling, tables: [['public', 'parts']] });
    await client.query(`update bellows.runs set plan = jsonb_set(plan, '{backfills}', $2) where id = $1`, [
      run,
      JSON.stringify([
        {
          kind: 'synced',
          table: { schema: 'public', name: 'parts' },
          insertTrigger: 'ins',
          updateTrigger: 'upd',
          triggerFunction: 'sync_a',
        },
      ]),
    ]);
    await client.query('select pg_stat_force_next_flush()');
    await client.query('begin');
    await client.query('lock table parts in access exclusive mode');
    let seen = await scrape();
    await client.query('rollback');
    const of = { migration: 'a' };
    expect(seen.one('bellows_postgres_dead_tuples', of)).toBeGreaterThanOrEqual(1_000);
    expect(seen.one('bellows_postgres_table_size_bytes', of)).toBeGreaterThan(300_000);
    expect(seen.one('bellows_invalid_indexes', of)).toBe(1);
    expect(seen.all('bellows_index_build_progress_ratio')).toEqual([]);
    expect(seen.one('bellows_sync_trigger_present', of)).toBe(1);
    expect(seen.one('bellows_postgres_wal_bytes_total')).toBeGreaterThan(1_000_000);
    await client.query('alter table parts enable trigger upd');
    seen = await scrape();
    expect(seen.one('bellows_sync_trigger_present', of)).toBe(0);
    await client.query(`update bellows.runs set state = '{"kind":"contracting","since":"x","dropped":true}'`);
    expect((await scrape()).all('bellows_sync_trigger_present')).toEqual([]);
  });
});

describe('the gate', () => {
  const gated = { kind: 'gated', since: '2026-01-01T00:00:00Z' };
  const all = (verdict: string) => Object.fromEntries(CHECKS.map((check) => [check, verdict]));
  const failing = (seen: Exposition) =>
    seen.samples
      .filter((s) => s.name === 'bellows_gate_check_passing' && s.value === 0)
      .map((s) => s.labels.check);

  it('is open when every check passes, is not applicable or skipped', async () => {
    const run = await addRun(client, {
      migration: 'a',
      state: gated,
      skips: { soak: { reason: 'tested', by: 'anna' } },
    });
    await addChecks(client, run, { ...all('pass'), queries: 'n/a', soak: 'fail' });
    const seen = await scrape();
    expect(failing(seen)).toEqual([]);
    expect(seen.all('bellows_gate_check_passing')).toHaveLength(CHECKS.length);
    expect(seen.one('bellows_gate_open', { migration: 'a' })).toBe(1);
    const at = seen.one('bellows_gate_last_evaluated_timestamp_seconds', { migration: 'a' })!;
    expect(Date.now() / 1_000 - at).toBeCloseTo(10, -1);
  });

  it('is shut by what fails, is unknown, is old or was not evaluated', async () => {
    const run = await addRun(client, { migration: 'a', state: gated });
    const { approval: _, ...evaluated } = all('pass');
    await addChecks(client, run, { ...evaluated, soak: 'fail', deployed: 'unknown' });
    await addChecks(client, run, { values: 'pass' }, 301);
    const seen = await scrape();
    expect(failing(seen).sort()).toEqual(['approval', 'deployed', 'soak', 'values']);
    expect(seen.one('bellows_gate_open', { migration: 'a' })).toBe(0);
  });
});

it('tells live workers from stale ones', async () => {
  await client.query(
    `insert into bellows.workers (id, host, pid, version, slots, beat_at)
     select gen_random_uuid(), 'h', i, '1', 4, clock_timestamp() - case when i <= 3 then interval '1 s' else interval '20 s' end
     from generate_series(1, 4) as i`,
  );
  const seen = await scrape();
  expect(seen.one('bellows_workers', { state: 'live' })).toBe(3);
  expect(seen.one('bellows_workers', { state: 'stale' })).toBe(1);
});

it('needs to read nothing but the schema bellows', async () => {
  const role = `${used.name}_monitor`;
  await client.query(`create role ${role} login`);
  await client.query(`grant usage on schema bellows to ${role}`);
  await client.query(`grant select on all tables in schema bellows to ${role}`);
  await addRun(client, { migration: 'a', state: backfilling });
  const url = new URL(used.url);
  url.username = role;
  const reader = createDatabase({ url: url.href, applicationName: 'monitor', max: 1 });
  try {
    expect((await stateReader(reader)()).migrations.map((m) => m.migration)).toEqual(['a']);
  } finally {
    await reader.close();
    await client.query(`drop owned by ${role}`);
    await client.query(`drop role ${role}`);
  }
});

describe('a PostgreSQL that hangs', () => {
  /** A minute later than at the last look, so that no scrape shows an earlier reading again. */
  function laterAndLater(): () => void {
    let skew = 0;
    now = () => performance.now() + skew;
    return () => {
      skew += 60_000;
    };
  }
  let now = (): number => performance.now();

  it('because of a lock on the ledger: the scrape ends in time, and what was known is taken away', async () => {
    await addRun(client, { migration: 'a', state: backfilling });
    const later = laterAndLater();
    const metrics = createMetrics({ version: '1', readState: stateReader(database), now });
    const locker = await connect(used.url);
    metrics.listener('batch:committed', { migration: 'a', rows: 5, blocks: 1, seconds: 0.1 });
    expect(parseExposition(await metrics.text()).one('bellows_postgres_up')).toBe(1);
    await locker.query('begin');
    await locker.query('lock table bellows.runs');
    later();
    const begun = performance.now();
    const seen = parseExposition(await metrics.text());
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect(seen.one('bellows_postgres_up')).toBe(0);
    expect(seen.all('bellows_migration_phase')).toEqual([]);
    expect(seen.all('bellows_backfill_rows_done')).toEqual([]);
    expect(seen.one('bellows_collector_errors_total', { collector: 'postgres' })).toBe(1);
    // What the process counted itself stays.
    expect(seen.one('bellows_backfill_rows_total', { migration: 'a', outcome: 'updated' })).toBe(5);
    // No session is left waiting for the lock.
    await until(async () => {
      const { rows } = await client.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length === 0;
    });
    await locker.query('rollback');
    later();
    expect(parseExposition(await metrics.text()).one('bellows_postgres_up')).toBe(1);
  });

  it('because its process stands still: one scrape waits, the next ones do not, and no second question is sent', async () => {
    await addRun(client, { migration: 'a', state: backfilling });
    const one = createDatabase({ url: used.url, applicationName: 'stopped', max: 1 });
    const [row] = await one.query<{ pid: number }>('select pg_backend_pid() as pid');
    const backend = row!.pid;
    const read = stateReader(one);
    let asked = 0;
    const later = laterAndLater();
    const metrics = createMetrics({
      version: '1',
      now,
      readState: () => {
        asked += 1;
        return read();
      },
    });
    expect(parseExposition(await metrics.text()).one('bellows_postgres_up')).toBe(1);
    process.kill(backend, 'SIGSTOP');
    later();
    try {
      const begun = performance.now();
      const [first, second] = await Promise.all([metrics.text(), metrics.text()]);
      expect(performance.now() - begun).toBeLessThan(2_500);
      expect(parseExposition(first).one('bellows_postgres_up')).toBe(0);
      expect(parseExposition(second).all('bellows_migration_phase')).toEqual([]);
      later();
      const again = performance.now();
      expect(parseExposition(await metrics.text()).one('bellows_postgres_up')).toBe(0);
      expect(performance.now() - again).toBeLessThan(500);
      expect(asked).toBe(2);
    } finally {
      process.kill(backend, 'SIGCONT');
    }
    await until(async () => parseExposition(await metrics.text()).one('bellows_postgres_up') === 1);
    await one.close();
  });
});

describe('a long ledger', () => {
  it('is added up once, over as many readings as it takes, and then only its end is read', async () => {
    const run = await addRun(client, { migration: 'long', state: backfilling });
    const other = await addRun(client, { migration: 'other', state: backfilling });
    const range = await addRange(client, { run, lo: 0, hi: 1_000_000, cursor: 900_000, state: 'open' });
    await addBatches(client, { run, range, count: 1_000, blocks: 1, rows: 80, seconds: 1_000_000 });
    await addBatches(client, { run: other, range, count: 10, blocks: 1, rows: 1, seconds: 30 });
    const count = rowCounter(300, 0);
    const answers = [
      await count(database),
      await count(database),
      await count(database),
      await count(database),
    ];
    expect(answers.slice(0, 3)).toEqual([null, null, null]);
    expect(answers[3]).toEqual(
      new Map([
        [run, 80_000],
        [other, 10],
      ]),
    );
    await addBatches(client, { run: other, range, count: 2, blocks: 1, rows: 5, seconds: 1 });
    expect(await count(database)).toEqual(
      new Map([
        [run, 80_000],
        [other, 20],
      ]),
    );
    // What is settled is not read again: the sum stays though the rows were changed behind its back.
    await client.query('update bellows.batches set rows = rows + 1');
    const after = await count(database);
    expect(after?.get(run)).toBe(80_000);
    expect(after?.get(other)).toBe(32);
    // The end of the ledger is gone, as after the promotion of a standby that lagged: all is read again.
    await client.query(`delete from bellows.batches where run_id <> $1 or rows = 0`, [other]);
    expect(await count(database)).toEqual(new Map([[other, 32]]));
  });

  it('of 300,000 batches is read within the limit of a scrape', {
    timeout: 60_000,
  }, async () => {
    const run = await addRun(client, { migration: 'long', state: backfilling });
    const range = await addRange(client, { run, lo: 0, hi: 300_000, cursor: 300_000, state: 'open' });
    // Without the foreign key's trigger the rows are written in a tenth of the time.
    await client.query(`set session_replication_role = 'replica'`);
    await addBatches(client, { run, range, count: 300_000, blocks: 1, rows: 80, seconds: 100_000 });
    await client.query('reset session_replication_role');
    // The server cancels a reading that takes longer, and then this rejects.
    const read = stateReader(database);
    const took: number[] = [];
    let rowsDone: number | null | undefined = null;
    while (rowsDone === null && took.length < 20) {
      const begun = performance.now();
      rowsDone = (await read()).migrations[0]?.backfill?.rowsDone;
      took.push(performance.now() - begun);
    }
    expect(rowsDone).toBe(24_000_000);
    const begun = performance.now();
    await read();
    const then = performance.now() - begun;
    await client.query('analyze bellows.batches');
    expect(Math.max(...(await rowsMet(run)))).toBeLessThan(10_000);
    console.info(
      `readings of 300,000 batches: ${took.map(Math.round).join(', ')} ms, then ${Math.round(then)} ms`,
    );
  });

  /** Rows that each node of the plan of the ledger's statement met, those that it threw away too. */
  async function rowsMet(run: string): Promise<readonly number[]> {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, costs off, timing off, summary off) ${LEDGER_ROWS}`,
      [[run]],
    );
    const lines = rows.map((row) => row['QUERY PLAN']);
    const met = lines.flatMap((line) => [...line.matchAll(/(?:rows=|Removed by Filter: )(\d+)/g)]);
    expect(met.length).toBeGreaterThan(5);
    return met.map(([, count]) => Number(count));
  }
});
