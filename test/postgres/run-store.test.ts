import { beforeEach, expect, test } from 'vitest';
import { pass } from '#core/gate';
import { PLAN_FORMAT, type RunPlan, type TransactionStep } from '#core/plan';
import type { Fence, RunStore } from '#ports';
import { installSchema } from '#postgres/install';
import { createLease } from '#postgres/lease';
import { createRunStore } from '#postgres/run-store';
import { useDatabase } from '../support/database.js';
import { until } from '../support/until.js';
import { useOpen } from './open.js';

const used = useDatabase();
const open = useOpen();
const pace = { concurrency: 1, targetMs: 100, rowsPerSecond: null };

const step: TransactionStep = {
  id: 'expand/1',
  phase: 'expand',
  title: 'add a column',
  kind: 'transaction',
  tables: [],
  actions: [],
  guards: [],
  destructive: false,
};
function planOf(migration: string): RunPlan {
  return {
    format: PLAN_FORMAT,
    migration,
    description: `it's "quoted" \\ and Ünïcode`,
    checksum: 'abc',
    steps: { expand: [step], settle: [], contract: [], rollback: [] },
    backfills: [],
    gate: { soakSeconds: 0, deployed: {}, queries: {} },
    touches: ['public.users'],
    drops: [],
    tables: [],
    notices: [],
  };
}

let db: ReturnType<typeof open>;
let store: RunStore;

beforeEach(async () => {
  db = open(used.url);
  await installSchema(db);
  store = createRunStore(db);
});

const create = async (migration = '1_users') =>
  store.create(await store.nextRunId(), planOf(migration), pace, 'cli:anna@host');

async function lead(ttlMs?: number): Promise<Fence> {
  const fence = await createLease(db, 'leader/1', ttlMs === undefined ? {} : { ttlMs }).acquire();
  if (fence === null) throw new Error('the lease is taken');
  return fence;
}

test('a run comes back as it was made', async () => {
  const run = await create();
  expect(run).toMatchObject({
    plan: planOf('1_users'),
    state: { kind: 'pending', waitsFor: null },
    version: 0,
    pace,
    skips: {},
  });
  expect(run.createdAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(await store.run('1_users')).toEqual(run);
  expect(await store.runById(run.id)).toEqual(run);
  expect(await store.run('none')).toBeNull();
  expect(await store.runById(999)).toBeNull();
});

test('one run of a migration is alive, however many begin at once', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => create()));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'BELLOWS_RUN_EXISTS' });
  }
});

test('of a migration that was rolled back and run again, the newest counts', async () => {
  let run = await create();
  for (const event of [{ kind: 'start' }, { kind: 'roll_back' }, { kind: 'rolled_back' }] as const) {
    run = await store.transition(run, event, 'api', null);
  }
  const again = await create();
  const other = await create('2_orders');
  expect((await store.runs()).map(({ id }) => id)).toEqual([again.id, other.id]);
  expect(await store.run('1_users')).toEqual(again);
});

test('a transition is written with its history and the time of the database', async () => {
  const run = await create();
  const paused = await store.transition(
    run,
    { kind: 'pause', by: 'anna', reason: 'lunch' },
    'cli:anna@host',
    null,
  );
  const now = Date.parse(await store.now());
  expect(paused).toMatchObject({
    version: 1,
    state: { kind: 'paused', inner: run.state, by: 'anna', reason: 'lunch' },
  });
  if (paused.state.kind !== 'paused') throw new Error('not paused');
  expect(Math.abs(now - Date.parse(paused.state.since))).toBeLessThan(10_000);
  expect(await store.history({ migration: '1_users', limit: 1 })).toEqual([
    {
      at: expect.any(String),
      actor: 'cli:anna@host',
      migration: '1_users',
      action: 'pause',
      detail: { by: 'anna', reason: 'lunch', from: 'pending', to: 'paused' },
    },
  ]);
});

test('of two that decided on the same snapshot exactly one acts', async () => {
  const run = await create();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => store.transition(run, { kind: 'start' }, 'leader', null)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'BELLOWS_FENCED' });
  }
  expect(await store.runById(run.id)).toMatchObject({ version: 1, state: { kind: 'expanding' } });
  expect((await store.history({})).filter(({ action }) => action === 'start')).toHaveLength(1);
});

test('an event without a rule changes nothing', async () => {
  const run = await create();
  await expect(store.transition(run, { kind: 'contracted' }, 'api', null)).rejects.toMatchObject({
    code: 'BELLOWS_INVALID_TRANSITION',
  });
  expect(await store.runById(run.id)).toEqual(run);
  expect(await store.history({})).toHaveLength(1);
});

test('a pending run gets another plan, a started one does not', async () => {
  const run = await create();
  const fence = await lead();
  const plan = { ...planOf('1_users'), checksum: 'def' };
  const replanned = await store.replan(run, plan, 'leader', fence);
  expect(replanned).toMatchObject({ plan, checksum: 'def', version: 1 });
  await expect(store.replan(run, plan, 'leader', fence)).rejects.toMatchObject({ code: 'BELLOWS_FENCED' });
  const started = await store.transition(replanned, { kind: 'start' }, 'leader', fence);
  await expect(store.replan(started, plan, 'leader', fence)).rejects.toMatchObject({
    code: 'BELLOWS_INVALID_TRANSITION',
  });
  expect(await store.history({ limit: 2 })).toMatchObject([
    { action: 'start' },
    { action: 'replan', detail: { from: 'abc', to: 'def' } },
  ]);
});

test('a leader that stood still changes nothing after another took over', async () => {
  const run = await create();
  const old = await lead(100);
  const young = await until(() => createLease(db, 'other/2').acquire(), { what: 'the lease to run out' });
  const fenced = { code: 'BELLOWS_FENCED' };
  await expect(store.transition(run, { kind: 'start' }, 'old', old)).rejects.toMatchObject(fenced);
  await expect(store.stepStarted(run.id, step, old)).rejects.toMatchObject(fenced);
  await expect(store.stepDone(run.id, step.id, old)).rejects.toMatchObject(fenced);
  await expect(
    store.transition(run, { kind: 'start' }, 'forged', { ...young, holder: old.holder }),
  ).rejects.toMatchObject(fenced);
  expect(await store.runById(run.id)).toEqual(run);
  expect(await store.steps(run.id)).toEqual([]);
  expect(await store.transition(run, { kind: 'start' }, 'young', young)).toMatchObject({ version: 1 });
});

test('a step keeps what its attempts ran into until it is done, and stays done', async () => {
  const run = await create();
  const fence = await lead();
  const blocker = {
    pid: 7,
    application: 'api',
    user: 'app',
    state: 'active',
    ageSeconds: 3,
    query: 'select ?',
  };
  await store.stepStarted(run.id, step, fence);
  await store.stepBlocked(run.id, step.id, '55P03 lock_not_available', [blocker], fence);
  await store.stepStarted(run.id, step, fence);
  const waiting = {
    step: step.id,
    attempts: 2,
    error: '55P03 lock_not_available',
    blockers: [blocker],
    finishedAt: null,
  };
  expect(await store.steps(run.id)).toMatchObject([{ ...waiting, state: 'running' }]);
  await store.stepDone(run.id, step.id, fence);
  await store.stepStarted(run.id, step, fence);
  await store.stepBlocked(run.id, step.id, 'late', [], fence);
  expect(await store.steps(run.id)).toMatchObject([
    { state: 'done', attempts: 2, error: null, blockers: [], finishedAt: expect.stringMatching(/Z$/) },
  ]);
});

test('checks replace those of before, and show the skips of now', async () => {
  const run = await create();
  const fence = await lead();
  const found = {
    soak: { verdict: 'fail', evidence: '1 of 24 h', release: 'wait' },
    ledger: pass('12 of 12 ranges'),
  } as const;
  const first = await store.saveChecks(run.id, found as never, fence);
  expect(first.map(({ check }) => check)).toEqual(['ledger', 'soak']);
  await store.skipCheck(run, 'soak', 'tested by hand', 'cli:anna@host');
  await store.saveChecks(run.id, { ledger: pass('13 of 13 ranges') } as never, null);
  expect(await store.checks(run)).toEqual([
    {
      check: 'ledger',
      verdict: 'pass',
      evidence: '13 of 13 ranges',
      release: null,
      at: expect.any(String),
      skipped: null,
    },
    {
      check: 'soak',
      verdict: 'fail',
      evidence: '1 of 24 h',
      release: 'wait',
      at: expect.any(String),
      skipped: 'tested by hand',
    },
  ]);
  expect((await store.runById(run.id))?.skips).toEqual({
    soak: { reason: 'tested by hand', by: 'cli:anna@host' },
  });
  expect((await store.history({ limit: 1 }))[0]).toMatchObject({
    action: 'skip_check',
    detail: { check: 'soak' },
  });
});

test('the pace is changed under a run that moves on', async () => {
  const run = await create();
  const faster = { ...pace, concurrency: 4, rowsPerSecond: 500 };
  await Promise.all([
    store.setPace(run.id, (now) => ({ ...now, concurrency: 4, rowsPerSecond: 500 }), 'api'),
    store.transition(run, { kind: 'start' }, 'leader', null),
  ]);
  expect(await store.runById(run.id)).toMatchObject({
    pace: faster,
    version: 1,
    state: { kind: 'expanding' },
  });
  expect((await store.history({})).map(({ action }) => action).sort()).toEqual([
    'create',
    'set_pace',
    'start',
  ]);
});

test('history is told newest first, of one migration or of all', async () => {
  await create('1_users');
  await create('2_orders');
  await store.record({ actor: 'api', migration: null, runId: null, action: 'kill', detail: { pid: 7 } });
  expect((await store.history({})).map(({ action }) => action)).toEqual(['kill', 'create', 'create']);
  expect(await store.history({ migration: '2_orders' })).toHaveLength(1);
});

test('holds are read as they were written', async () => {
  const run = await create();
  await db.query(
    `insert into bellows.holds (run_id, signal, value, "limit", text, release)
     values ($1, 'replication_lag', 31.5, 30, 'lag 31.5 s', 'below 30 s')`,
    [run.id],
  );
  expect(await store.holds(run.id)).toEqual([
    {
      signal: 'replication_lag',
      value: 31.5,
      limit: 30,
      text: 'lag 31.5 s',
      release: 'below 30 s',
      since: expect.any(String),
    },
  ]);
});

test('the checks of several runs are each their own, in one order, and none where nobody has looked', async () => {
  const [users, orders, untouched] = [
    await create('1_users'),
    await create('2_orders'),
    await create('3_new'),
  ];
  const soak = { verdict: 'fail', evidence: '1 of 24 h', release: 'wait' } as const;
  await store.saveChecks(orders.id, { soak, ledger: pass('of orders') } as never, null);
  await store.saveChecks(users.id, { ledger: pass('of users') } as never, null);
  const found = await store.checksOf([untouched, orders, users]);
  expect([...found].map(([id, checks]) => [id, checks.map((c) => `${c.check}: ${c.evidence}`)])).toEqual([
    [untouched.id, []],
    [orders.id, ['ledger: of orders', 'soak: 1 of 24 h']],
    [users.id, ['ledger: of users']],
  ]);
  expect(found.get(orders.id)).toEqual(await store.checks(orders));
  expect(await store.checksOf([])).toEqual(new Map());
});
