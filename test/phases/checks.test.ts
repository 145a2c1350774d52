import { describe, expect, it } from 'vitest';
import type { Definition } from '#core/definition';
import { CHECKS, type CheckId, type Finding } from '#core/gate';
import { sql } from '#core/sql';
import { planWalk } from '#phases/backfill/ranges';
import { dropColumn } from '#phases/contract/drop-column';
import { evaluateGate, type GateContext } from '#phases/contract/evaluate';
import { addCheck } from '#phases/expand/add-check';
import { addColumn } from '#phases/expand/add-column';
import { createIndex } from '#phases/expand/create-index';
import { connect } from '../support/connections.js';
import { backfill, usersTable, useWorkshop, type Workshop, walkAll } from './backfill-workshop.js';
import { behindTheTrigger, enter, expanded, gated, markerOf, type Staged, verify } from './verify-stage.js';

const open = useWorkshop();

const NAMES: Definition = {
  description: 'split names',
  table: 'users',
  expand: [
    addColumn('given', 'varchar(100)'),
    addColumn('nick', 'text'),
    addCheck('nick_short', sql`length(nick) < 50`),
    createIndex(['nick'], { name: 'users_nick' }),
    createIndex(['given'], { name: 'users_given' }),
  ],
  backfill: { set: { given: sql`split_part(full_name, ' ', 1)` }, reverse: { full_name: sql`given` } },
  contract: [dropColumn('full_name')],
};
const SETTLING = { kind: 'settling', since: '2026-03-01T09:00:00Z' } as const;
const FILL: Definition = {
  description: 'fill',
  table: 'users',
  backfill: { set: { n: sql`1` }, where: sql`n is null` },
};

async function atGate(definition: Definition = NAMES, id?: string): Promise<Staged> {
  const shop = await open();
  await usersTable(shop.app, 300);
  return gated(shop, definition, id);
}

async function contextOf(staged: Staged, over: Partial<GateContext> = {}): Promise<GateContext> {
  return {
    database: staged.shop.database,
    catalogue: staged.catalogue,
    run: staged.run,
    others: [],
    fileChecksum: staged.run.checksum,
    dataOnly: false,
    approvalRequired: true,
    environment: 'production',
    now: await staged.shop.store.now(),
    ...over,
  };
}

async function finding(staged: Staged, check: CheckId, over: Partial<GateContext> = {}): Promise<Finding> {
  return (await evaluateGate(await contextOf(staged, over)))[check];
}

const app = ({ shop }: Staged, text: string, values: unknown[] = []) => shop.app.query(text, values);

async function expectFail(
  staged: Staged,
  check: CheckId,
  evidence: string | RegExp,
  over: Partial<GateContext> = {},
) {
  const result = await finding(staged, check, over);
  expect(result).toMatchObject({ verdict: 'fail', evidence: expect.stringMatching(evidence) });
  expect(result.release).toMatch(/\w/);
  return result;
}

async function approve(staged: Staged, checksum = staged.run.checksum, verification?: number): Promise<void> {
  await app(
    staged,
    `insert into bellows.approvals (run_id, approved_by, reason, checksum, verification_id)
     values ($1, 'anna', 'looked at it', $2, coalesce($3, (select max(id) from bellows.verifications)))`,
    [staged.run.id, checksum, verification ?? null],
  );
}

describe('evaluateGate', () => {
  it('evaluates every check in its order, and passes a run that was brought there properly', async () => {
    const staged = await atGate();
    await approve(staged);
    const findings = await evaluateGate(await contextOf(staged));
    expect(Object.keys(findings)).toEqual([...CHECKS]);
    const verdicts = Object.fromEntries(Object.entries(findings).map(([id, f]) => [id, f.verdict]));
    expect(verdicts).toEqual({
      ledger: 'pass',
      pending_rows: 'pass',
      quarantine: 'pass',
      values: 'pass',
      constraints: 'pass',
      indexes: 'pass',
      sync_trigger: 'pass',
      fingerprint: 'pass',
      checksum: 'pass',
      soak: 'n/a',
      deployed: 'n/a',
      queries: 'n/a',
      conflicts: 'pass',
      approval: 'pass',
    });
    for (const f of Object.values(findings)) expect(f.release).toBeNull();
  });

  it('makes a check that throws unknown, by its SQLSTATE, and evaluates the others', async () => {
    const staged = await atGate();
    await app(staged, 'alter table bellows.approvals rename to away');
    const findings = await evaluateGate(await contextOf(staged));
    expect(findings.approval).toMatchObject({
      verdict: 'unknown',
      evidence: expect.stringContaining('42P01'),
    });
    expect(findings.approval.release).toContain('bellows');
    expect(findings.ledger.verdict).toBe('pass');
  });

  it('waives in a data-only environment what concerns people and deploys, never a check of the data', async () => {
    const staged = await atGate({ ...NAMES, gate: { soak: '1h', deployed: { api: '>=42' } } });
    await behindTheTrigger(staged, `update users set given = 'x' where id = 1`);
    await verify(staged);
    const findings = await evaluateGate(await contextOf(staged, { dataOnly: true, environment: 'ci' }));
    for (const id of ['soak', 'deployed', 'approval'] as const) {
      expect(findings[id]).toMatchObject({
        verdict: 'n/a',
        evidence: expect.stringMatching(/waived.*ci.*data-only/),
      });
    }
    expect(findings.values.verdict).toBe('fail');
  });

  it('asks for no soak, deploy or approval where nothing is contracted', async () => {
    const shop = await open();
    await usersTable(shop.app, 5);
    const staged = await gated(shop, { ...FILL, gate: { soak: '1h', deployed: { api: '>=42' } } });
    const findings = await evaluateGate(await contextOf(staged));
    for (const id of ['soak', 'deployed', 'approval'] as const) {
      expect(findings[id]).toMatchObject({ verdict: 'n/a', evidence: 'nothing is contracted' });
    }
  });

  it('finds nothing to hold in a run without a backfill', async () => {
    const shop = await open();
    await usersTable(shop.app, 5);
    const staged = await gated(shop, { description: 'add', table: 'users', expand: [addColumn('x', 'int')] });
    const findings = await evaluateGate(await contextOf(staged));
    for (const id of CHECKS.filter((id) => id !== 'checksum')) expect(findings[id].verdict).toBe('n/a');
  });
});

describe('ledger', () => {
  it('fails on a gap, an overlap, an open range, and one that was closed too early', async () => {
    const staged = await atGate();
    const ranges = (set: string) => app(staged, `update bellows.ranges set ${set} where pass = 1`);
    expect((await finding(staged, 'ledger')).evidence).toMatch(
      /2 ranges in 2 passes.*300 rows moved; sweep 2 found 0/,
    );
    await ranges('lo = 1');
    await expectFail(staged, 'ledger', /pass 1 has 1 gap/);
    await ranges('lo = 0');
    await app(
      staged,
      `insert into bellows.ranges (run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, lo, hi, cursor, state)
       select run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, hi - 1, hi + 5, hi + 5, 'done'
       from bellows.ranges where pass = 1`,
    );
    await expectFail(staged, 'ledger', /pass 1 has 1 overlap/);
    await app(staged, `delete from bellows.ranges r where pass = 1 and lo > 0`);
    await ranges(`state = 'open'`);
    await expectFail(staged, 'ledger', /pass 1 has 1 open range/);
    await ranges(`state = 'done', cursor = lo`);
    await expectFail(staged, 'ledger', /pass 1 has 1 range closed before its end/);
  });

  it('fails without a sweep, and after one that still found rows or left some', async () => {
    const shop = await open();
    await usersTable(shop.app, 300);
    const staged = await expanded(shop, NAMES);
    await expectFail(staged, 'ledger', /no range was ever planned/);
    await planWalk(shop, staged.run, 0, 1);
    await walkAll(shop, staged.run);
    await expectFail(staged, 'ledger', /no sweep has followed the walk/);
    await backfill(shop, staged.run);
    expect((await finding(staged, 'ledger')).verdict).toBe('pass');
    await app(
      staged,
      `update bellows.batches set rows = 3 where range_id = (select max(id) from bellows.ranges)`,
    );
    await expectFail(staged, 'ledger', /sweep 2 still moved 3 rows/);
    await app(
      staged,
      `update bellows.batches set rows = 0, left_behind = 2 where range_id = (select max(id) from bellows.ranges)`,
    );
    await expectFail(staged, 'ledger', /sweep 2 left 2 rows behind/);
  });

  it('takes void ranges for what they are: planned again within their pass', async () => {
    const staged = await atGate();
    await app(
      staged,
      `insert into bellows.ranges (run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, lo, hi, cursor, state)
       select run_id, backfill, pass, leaf, leaf_schema, leaf_table, 1, lo, hi, lo, 'void' from bellows.ranges where pass = 1`,
    );
    expect((await finding(staged, 'ledger')).verdict).toBe('pass');
  });
});

describe('pending_rows', () => {
  it('fails when the verification counted pending rows, and is unknown without one', async () => {
    const staged = await atGate();
    await app(staged, `update users set ${markerOf(staged)} = 'P' where id = 3`);
    await verify(staged);
    await expectFail(staged, 'pending_rows', /counted 1 pending row/);
    await app(staged, 'delete from bellows.verifications');
    expect(await finding(staged, 'pending_rows')).toMatchObject({
      verdict: 'unknown',
      release: expect.stringContaining('bellows verify'),
    });
  });

  it('fails when a retry returned rows after the sweep', async () => {
    const staged = await atGate();
    await app(
      staged,
      `insert into bellows.quarantine (run_id, backfill, leaf, leaf_schema, leaf_table, row_key, sqlstate, reason, state, resolved_at)
       values ($1, 0, 'users'::regclass, 'public', 'users', '{"id":1}', '22P02', 'x', 'retried', clock_timestamp())`,
      [staged.run.id],
    );
    await expectFail(staged, 'pending_rows', /a retry returned.*1 row/);
  });

  it('fails on a sweep that moved rows, or left some', async () => {
    const staged = await atGate();
    const sweep = `where range_id = (select max(id) from bellows.ranges)`;
    await app(staged, `update bellows.batches set rows = 3 ${sweep}`);
    await expectFail(staged, 'pending_rows', /still moved 3 rows/);
    await app(staged, `update bellows.batches set rows = 0, left_behind = 1 ${sweep}`);
    await expectFail(staged, 'pending_rows', /left behind 1 row/);
  });

  it('looks through a leaf that no sweep has seen', async () => {
    const shop = await open();
    await shop.app.query('create table t (id int primary key, old text) partition by range (id)');
    await shop.app.query('create table t_a partition of t for values from (0) to (100)');
    await shop.app.query(`insert into t select i, 'v' from generate_series(1, 50) i`);
    const staged = await gated(shop, {
      description: 'copy',
      table: 't',
      expand: [addColumn('new', 'text')],
      backfill: { set: { new: sql`old` }, reverse: { old: sql`new` } },
    });
    await shop.app.query('create table t_b partition of t for values from (100) to (200)');
    await shop.app.query(`insert into t values (150, 'w')`);
    expect(await finding(staged, 'pending_rows')).toMatchObject({
      verdict: 'pass',
      evidence: expect.stringContaining('1 leaf attached since'),
    });
    await shop.app.query('create table t_c (like t including defaults)');
    await shop.app.query(`insert into t_c (id, old) values (250, 'late')`);
    await shop.app.query('alter table t attach partition t_c for values from (200) to (300)');
    await expectFail(staged, 'pending_rows', /t_c was attached since, with pending rows/);
  });
});

describe('quarantine', () => {
  it('fails on an open entry, and on a row that the trigger refused', async () => {
    const shop = await open();
    await shop.app.query('create table t (id int primary key, old text)');
    await shop.app.query(`insert into t values (1, '1')`);
    const staged = await gated(shop, {
      description: 'numbers',
      table: 't',
      expand: [addColumn('new', 'integer')],
      backfill: { set: { new: sql`old::integer` }, reverse: 'none' },
    });
    expect(await finding(staged, 'quarantine')).toMatchObject({
      verdict: 'pass',
      evidence: '0 open entries; t: 0 rows marked as refused',
    });
    await shop.app.query(`insert into t values (2, 'none')`);
    await expectFail(staged, 'quarantine', /t: 1 row marked as refused/);
    await shop.app.query('delete from t where id = 2');
    await app(
      staged,
      `insert into bellows.quarantine (run_id, backfill, leaf, leaf_schema, leaf_table, row_key, sqlstate, reason)
       values ($1, 0, 't'::regclass, 'public', 't', '{"id":1}', '22P02', 'x')`,
      [staged.run.id],
    );
    const result = await expectFail(staged, 'quarantine', /1 open entry/);
    expect(result.release).toContain('bellows quarantine list 20260101000000_names');
    await app(staged, `update bellows.quarantine set state = 'skipped'`);
    expect((await finding(staged, 'quarantine')).verdict).toBe('pass');
  });
});

describe('values', () => {
  it('fails on mismatched rows, and on evidence that no longer stands', async () => {
    const staged = await atGate();
    expect((await finding(staged, 'values')).evidence).toMatch(
      /300 rows, 0 mismatched, 0 given on both sides/,
    );
    await behindTheTrigger(staged, `update users set given = 'x' where id in (1, 2)`);
    await verify(staged);
    const result = await expectFail(staged, 'values', /300 rows, 2 mismatched/);
    expect(result.release).toContain('bellows verify 20260101000000_names --repair');
    await verify(staged, { repair: true });
    await app(staged, `update bellows.verifications set mismatched = 0, pending = 0, checksum = 'other'`);
    await expectFail(staged, 'values', /another version of the file/);
    await app(staged, 'update bellows.verifications set checksum = $1', [staged.run.checksum]);
    expect((await finding(staged, 'values')).verdict).toBe('pass');
    await app(staged, 'create index on users (n)');
    await expectFail(staged, 'values', /the catalogue has changed since/);
  });

  it('fails when rows were moved after the verification, and is unknown without one', async () => {
    const staged = await atGate();
    await app(
      staged,
      `insert into bellows.batches (run_id, range_id, lo, hi, rows, milliseconds) select run_id, id, 0, 1, 5, 1 from bellows.ranges limit 1`,
    );
    await expectFail(staged, 'values', /1 batch moved rows after it/);
    await app(staged, 'update bellows.verifications set finished_at = null');
    expect((await finding(staged, 'values')).verdict).toBe('unknown');
  });

  it('says which mappings were only looked at for coverage', async () => {
    const shop = await open();
    await usersTable(shop.app, 10);
    const staged = await gated(shop, {
      description: 'random',
      table: 'users',
      expand: [addColumn('given', 'text'), addColumn('token', 'text')],
      backfill: {
        set: { given: sql`upper(full_name)`, token: sql`gen_random_uuid()::text || n` },
        reverse: 'none',
      },
    });
    expect((await finding(staged, 'values')).evidence).toMatch(
      /1 of 2 mappings by value, the others for coverage only/,
    );
  });
});

describe('constraints', () => {
  it('fails on one that is missing, and on one that is not validated any more', async () => {
    const staged = await atGate();
    expect((await finding(staged, 'constraints')).evidence).toBe(
      '2 constraint actions, all in place and validated',
    );
    await app(staged, 'alter table users drop constraint nick_short');
    await expectFail(staged, 'constraints', /2 of 2 not in place: add constraint nick_short/);
    await app(staged, 'alter table users add constraint nick_short check (length(nick) < 50) not valid');
    await expectFail(staged, 'constraints', /1 of 2 not in place: validate constraint nick_short/);
  });
});

describe('indexes', () => {
  it('fails on one that is missing, invalid, or not ready', async () => {
    const staged = await atGate();
    expect((await finding(staged, 'indexes')).evidence).toBe('3 indexes, all valid, ready and live');
    const set = (text: string) =>
      app(staged, `update pg_index set ${text} where indexrelid = 'users_given'::regclass`);
    await set('indisvalid = false');
    await expectFail(staged, 'indexes', /1 of 3 cannot be used: users_given on users is not valid/);
    await set('indisvalid = true, indisready = false');
    await expectFail(staged, 'indexes', /users_given on users is not ready/);
    await set('indisready = true');
    await app(staged, 'drop index users_nick');
    await expectFail(staged, 'indexes', /users_nick on users is missing/);
  });
});

describe('sync_trigger', () => {
  it('fails when one is missing, disabled, not always enabled, or calls another function', async () => {
    const staged = await atGate();
    const [b] = staged.run.plan.backfills;
    if (b?.kind !== 'synced') throw new Error('no trigger');
    expect((await finding(staged, 'sync_trigger')).evidence).toBe(
      'users: 2 triggers on 1 relation, enabled always',
    );
    await app(staged, `alter table users disable trigger "${b.updateTrigger}"`);
    await expectFail(staged, 'sync_trigger', /_u on "public"."users" is disabled/);
    await app(staged, `alter table users enable trigger "${b.updateTrigger}"`);
    await expectFail(staged, 'sync_trigger', /_u on "public"."users" is not enabled always/);
    await app(staged, `drop trigger "${b.insertTrigger}" on users`);
    await expectFail(staged, 'sync_trigger', /_i is missing on "public"."users"/);
    await app(staged, `create function other() returns trigger language plpgsql as 'begin return new; end'`);
    await app(
      staged,
      `create trigger "${b.insertTrigger}" before insert on users for each row execute function other()`,
    );
    await expectFail(staged, 'sync_trigger', /_i on "public"."users" calls another function/);
  });

  it('looks at every leaf', async () => {
    const shop = await open();
    await shop.app.query('create table t (id int primary key, old text) partition by range (id)');
    await shop.app.query('create table t_a partition of t for values from (0) to (100)');
    await shop.app.query('create table t_b partition of t for values from (100) to (200)');
    const staged = await gated(shop, {
      description: 'copy',
      table: 't',
      expand: [addColumn('new', 'text')],
      backfill: { set: { new: sql`old` }, reverse: { old: sql`new` } },
    });
    expect((await finding(staged, 'sync_trigger')).evidence).toBe(
      't: 2 triggers on 3 relations, enabled always',
    );
    await shop.app.query('alter table t_b disable trigger user');
    await expectFail(
      staged,
      'sync_trigger',
      /_i on "public"."t_b" is disabled; .*_u on "public"."t_b" is disabled/,
    );
  });
});

describe('fingerprint', () => {
  it('fails when the catalogue is not what the verification recorded, and is unknown without one', async () => {
    const staged = await atGate();
    expect((await finding(staged, 'fingerprint')).verdict).toBe('pass');
    await app(staged, 'alter table users alter column n drop default');
    const result = await expectFail(staged, 'fingerprint', /were changed since/);
    expect(result.release).toContain('bellows verify 20260101000000_names');
    await verify(staged);
    expect((await finding(staged, 'fingerprint')).verdict).toBe('pass');
    await app(staged, 'delete from bellows.verifications');
    expect((await finding(staged, 'fingerprint')).verdict).toBe('unknown');
  });
});

describe('checksum', () => {
  it('compares the file with the run', async () => {
    const staged = await atGate();
    expect((await finding(staged, 'checksum')).verdict).toBe('pass');
    await expectFail(staged, 'checksum', /edited since/, { fileChecksum: 'f'.repeat(64) });
    await expectFail(staged, 'checksum', /its file is gone/, { fileChecksum: null });
    expect((await finding(staged, 'checksum', { fileChecksum: undefined })).verdict).toBe('unknown');
  });
});

describe('soak', () => {
  it('counts from the moment when the gate was first reached', async () => {
    const staged = await atGate({ ...NAMES, gate: { soak: '1h' } });
    const since = '2026-03-01T10:00:00.250Z';
    await enter(staged, { kind: 'gated', since });
    const early = await expectFail(staged, 'soak', /^59m 59s of 1h since/, {
      now: '2026-03-01T11:00:00.000Z',
    });
    expect(early.release).toBe('wait until 2026-03-01T11:00:00.250Z');
    const now = '2026-03-01T11:00:00.250Z';
    expect(await finding(staged, 'soak', { now })).toMatchObject({
      verdict: 'pass',
      evidence: `1h of 1h since ${since}`,
    });
    await enter(staged, {
      kind: 'paused',
      inner: { kind: 'gated', since },
      by: 'anna',
      reason: 'x',
      since: now,
    });
    expect((await finding(staged, 'soak', { now })).verdict).toBe('pass');
    await enter(staged, SETTLING);
    await expectFail(staged, 'soak', /the gate has not been reached/);
  });
});

describe('deployed', () => {
  const record = (staged: Staged, version: string) =>
    app(staged, `insert into bellows.deploys (application, version, recorded_by) values ('api', $1, 'ci')`, [
      version,
    ]);

  it('takes the newest record, and compares dotted numbers by number', async () => {
    const staged = await atGate({ ...NAMES, gate: { deployed: { api: '>=1.10' } } });
    expect(await finding(staged, 'deployed')).toMatchObject({
      verdict: 'unknown',
      release: expect.stringContaining('bellows deploys record api'),
    });
    await record(staged, '1.9');
    await expectFail(staged, 'deployed', /api >=1.10: 1.9 recorded/);
    await record(staged, '1.10');
    expect((await finding(staged, 'deployed')).verdict).toBe('pass');
    await record(staged, 'v2');
    expect((await finding(staged, 'deployed')).verdict).toBe('unknown');
    await record(staged, '1.9.9');
    await expectFail(staged, 'deployed', /1.9.9 recorded/);
  });

  it('takes a live session of an older version as proof against the record', async () => {
    const staged = await atGate({ ...NAMES, gate: { deployed: { api: '>=42' } } });
    await record(staged, '42');
    const { url } = await urlOf(staged.shop);
    const newer = await connect(url, { application_name: 'api/43' });
    await connect(url, { application_name: 'api2/1' });
    expect(await finding(staged, 'deployed')).toMatchObject({
      verdict: 'pass',
      evidence: 'api >=42: 42 recorded, 1 live session',
    });
    const older = await connect(url, { application_name: 'api/41' });
    await expectFail(staged, 'deployed', /2 live sessions, of them 1 session of api\/41/);
    await older.query(`set application_name = 'api/dev'`);
    expect(await finding(staged, 'deployed')).toMatchObject({
      verdict: 'unknown',
      evidence: expect.stringContaining('api/dev cannot be compared'),
    });
    await older.query(`set application_name = 'api/42'`);
    expect((await finding(staged, 'deployed')).verdict).toBe('pass');
    await newer.end();
  });

  it('compares other versions by = alone', async () => {
    const staged = await atGate({ ...NAMES, gate: { deployed: { api: '=v1' } } });
    await record(staged, 'v2');
    await expectFail(staged, 'deployed', /v2 recorded/);
    await record(staged, 'v1');
    expect((await finding(staged, 'deployed')).verdict).toBe('pass');
  });
});

async function urlOf({ app: client }: Workshop): Promise<{ url: string }> {
  const url = new URL('postgresql://postgres@127.0.0.1');
  url.port = String(client.port);
  url.pathname = `/${client.database ?? ''}`;
  return { url: url.href };
}

describe('queries', () => {
  it('fails on rows, is unknown where a query cannot be run, and shows counts alone', async () => {
    const staged = await atGate({
      ...NAMES,
      gate: {
        queries: {
          orphans: sql`select id, id, full_name from users where n = 7 -- none of these`,
          reach: sql`select * from later`,
        },
      },
    });
    expect(await finding(staged, 'queries')).toMatchObject({
      verdict: 'unknown',
      evidence: expect.stringMatching(/^orphans: 0 rows; reach: 42P01/),
    });
    await app(staged, 'create table later (secret text)');
    expect(await finding(staged, 'queries')).toMatchObject({
      verdict: 'pass',
      evidence: 'orphans: 0 rows; reach: 0 rows',
    });
    await app(staged, `insert into later values ('hush'), ('hush')`);
    const result = await expectFail(staged, 'queries', /reach: 2 rows/);
    expect(JSON.stringify(result)).not.toContain('hush');
  });

  it('runs them read-only', async () => {
    const staged = await atGate({
      ...NAMES,
      gate: { queries: { taking: sql`select nextval('users_id_seq')` } },
    });
    expect(await finding(staged, 'queries')).toMatchObject({
      verdict: 'unknown',
      evidence: expect.stringContaining('25006'),
    });
  });
});

describe('conflicts', () => {
  it('fails while another migration in flight needs what this one drops', async () => {
    const staged = await atGate();
    const other = { ...staged.run, id: 99, migration: '20260102000000_other' };
    const touching = (touches: readonly string[], state: GateContext['run']['state']) => ({
      others: [{ ...other, state, plan: { ...other.plan, touches } }],
    });
    const column = ['public.users.full_name'];
    await expectFail(staged, 'conflicts', /_other needs public.users.full_name/, touching(column, SETTLING));
    await expectFail(staged, 'conflicts', /_other needs/, touching(['public.users'], { kind: 'expanding' }));
    const inFlight = {
      kind: 'paused',
      inner: { kind: 'expanding' },
      by: 'a',
      reason: 'b',
      since: 'c',
    } as const;
    await expectFail(staged, 'conflicts', /_other needs/, touching(column, inFlight));
    for (const state of [
      { kind: 'done', at: 'x' },
      { kind: 'rolled_back', at: 'x' },
      { kind: 'pending', waitsFor: null },
    ] as const) {
      expect((await finding(staged, 'conflicts', touching(column, state))).verdict).toBe('pass');
    }
    expect((await finding(staged, 'conflicts', touching(['public.users.n'], SETTLING))).verdict).toBe('pass');
  });
});

describe('approval', () => {
  it('is bound to checksum and verification, and void when either changes', async () => {
    const staged = await atGate();
    const none = await expectFail(staged, 'approval', /nobody has approved it/);
    expect(none.release).toBe('bellows approve 20260101000000_names --reason "…"');
    await approve(staged, 'other');
    await expectFail(staged, 'approval', /void: approved by anna at .*, for another checksum/);
    await approve(staged);
    expect(await finding(staged, 'approval')).toMatchObject({
      verdict: 'pass',
      evidence: expect.stringMatching(/approved by anna at .*, on verification \d+/),
    });
    await verify(staged);
    await expectFail(
      staged,
      'approval',
      /void: approved by anna at .*, on verification \d+; the newest is \d+/,
    );
  });

  it('is not asked for where the environment says so', async () => {
    const staged = await atGate();
    expect(
      await finding(staged, 'approval', { approvalRequired: false, environment: 'staging' }),
    ).toMatchObject({
      verdict: 'n/a',
      evidence: 'not required in environment staging',
    });
  });
});
