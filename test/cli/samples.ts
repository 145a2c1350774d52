/** Answers of Bellows as tests need them. */
import type { GateReport, MigrationDetail, PlanView, UpResult, VerificationReport } from '#api';
import { CHECKS, type CheckResult } from '#core/gate';
import type { MigrationStatus } from '#core/status';

export const ID = '20240102150000_split_user_name';
const AT = '2024-01-02T14:04:30.000Z';

export const pending: MigrationStatus = {
  id: '20240105090000_add_invoice_number',
  kind: 'phased',
  state: 'pending',
  paused: null,
  failed: null,
  backfill: null,
  gate: [],
  waits: [],
  next: `waits for ${ID}: both change public.users`,
};

export const done: MigrationStatus = {
  ...pending,
  id: '20231220080000_orders_index',
  state: 'done',
  next: 'nothing: it is done',
};

export const backfilling: MigrationStatus = {
  ...pending,
  id: ID,
  state: 'backfilling',
  backfill: {
    table: 'public.users',
    rowsDone: 128_540_112,
    rowsExpected: 180_000_000,
    rowsPerSecond: 18_240,
    etaSeconds: 2_821,
    batchRows: 5_000,
    concurrency: 4,
    throttle: [],
    quarantined: 0,
  },
  next: 'rows are moved by the workers',
};

const hold = {
  ...{ signal: 'replication_lag', value: 6.2, limit: 5 },
  text: 'replication_lag: replica-b is 6.2 s behind (limit 5 s)',
  release: 'replica-b is less than 5 s behind',
};
const backfill = backfilling.backfill;
if (backfill === null) throw new Error('the sample has a backfill');
export const throttled: MigrationStatus = {
  ...backfilling,
  backfill: { ...backfill, throttle: [hold], quarantined: 3 },
  waits: [
    {
      cause: 'throttle',
      reason: `held by ${hold.text}`,
      next: `released when ${hold.release}`,
    },
  ],
  next: `held by ${hold.text}; released when ${hold.release}`,
};

export const measuring: MigrationStatus = {
  ...backfilling,
  backfill: {
    ...backfill,
    rowsDone: 0,
    rowsExpected: null,
    rowsPerSecond: null,
    etaSeconds: null,
    batchRows: null,
  },
};

export function checks(shut: Readonly<Record<string, Partial<CheckResult>>>): readonly CheckResult[] {
  return CHECKS.map((check) => ({
    check,
    verdict: 'pass',
    evidence: 'as it should be',
    release: null,
    at: AT,
    skipped: null,
    ...shut[check],
  }));
}

const shutChecks = checks({
  deployed: {
    verdict: 'fail',
    evidence: 'api >=42: 41 is the newest that is recorded, and 3 sessions of api/41 are connected',
    release: 'bellows deploys record api 42',
  },
  queries: {
    verdict: 'unknown',
    evidence: 'no_orphans could not be read (57014)',
    release: 'it can be read again',
  },
  soak: {
    verdict: 'fail',
    evidence: 'reached 2 h ago, 24 h are asked for',
    release: '22 h more',
    skipped: 'hotfix, agreed',
  },
  approval: { verdict: 'fail', evidence: 'nobody approved', release: `bellows approve ${ID} --reason "…"` },
});

export const shutGate: GateReport = { migration: ID, open: false, checks: shutChecks };
export const openGate: GateReport = { migration: ID, open: true, checks: checks({}) };

export const gated: MigrationStatus = {
  ...backfilling,
  state: 'gated',
  gate: shutChecks.map(({ skipped, ...check }) =>
    skipped === null ? check : { ...check, verdict: 'n/a', release: null },
  ),
  next: 'gate shut by deployed, queries, approval: bellows deploys record api 42',
};

export const failed: MigrationStatus = {
  ...backfilling,
  state: 'settling',
  failed: {
    code: 'BELLOWS_NOT_EQUAL',
    message: '12 rows of public.users differ between old and new',
    next: `bellows verify ${ID} --repair`,
  },
  next: `bellows verify ${ID} --repair`,
};

export const paused: MigrationStatus = {
  ...backfilling,
  paused: { by: 'cli:anna@host', reason: 'quarter end', since: AT },
  next: `paused by cli:anna@host: quarter end; bellows resume ${ID}`,
};

const step = {
  phase: 'expand',
  lock: 'ACCESS EXCLUSIVE',
  blocks: 'reads and writes',
  sql: ['alter table …'],
};
const ran = { attempts: 1, startedAt: AT, finishedAt: AT, error: null, blockers: [] };

export const detail: MigrationDetail = {
  migration: throttled,
  description: 'First and last name become columns of their own',
  checksum: 'c0ffee00c0ffee00',
  drift: null,
  steps: [
    {
      ...step,
      id: 'expand/1',
      title: 'add columns first_name, last_name to users',
      run: { ...ran, step: 'expand/1', state: 'done' },
    },
    {
      ...step,
      id: 'settle/3/index',
      phase: 'settle',
      title: 'build index users_last_name_idx on users',
      lock: 'SHARE UPDATE EXCLUSIVE',
      blocks: 'DDL and VACUUM',
      run: null,
    },
  ],
  blockers: [],
  leader: { process: 'sched-1/4711', epoch: 7 },
  workers: { live: 3, stale: 0 },
  pace: { concurrency: 4, targetMs: 100, rowsPerSecond: null },
  progress: 0.714,
  pass: 1,
  lost: [
    { signal: 'replication_lag', seconds: 660 },
    { signal: 'autovacuum', seconds: 240 },
  ],
  signals: [],
  notices: [],
};

export const blockedDetail: MigrationDetail = {
  ...detail,
  migration: { ...pending, id: ID, state: 'expanding', next: 'the expand steps run' },
  steps: [
    {
      ...step,
      id: 'expand/1',
      title: 'add columns first_name, last_name to users',
      run: { ...ran, step: 'expand/1', state: 'running', attempts: 6, finishedAt: null },
    },
  ],
  blockers: [
    {
      pid: 21848,
      application: 'reports',
      user: 'bi',
      state: 'idle in transaction',
      ageSeconds: 2467,
      query: 'select *\n from users where id = $1',
    },
  ],
  progress: null,
  pace: null,
};

const users = { schema: 'public', name: 'users' };
export const planView: PlanView = {
  id: ID,
  description: 'First and last name become columns of their own',
  checksum: 'c0ffee00c0ffee00',
  state: 'pending',
  plan: {
    format: 1,
    migration: ID,
    description: 'First and last name become columns of their own',
    checksum: 'c0ffee00c0ffee00',
    steps: {
      expand: [
        {
          kind: 'transaction',
          id: 'expand/1',
          phase: 'expand',
          title: 'add columns to users',
          tables: [users],
          actions: [
            {
              title: 'add column first_name to users',
              form: 'add column',
              sql: 'alter table public.users add column first_name text',
              probe: null,
              undo: 'alter table public.users drop column if exists first_name',
            },
          ],
          guards: [],
          destructive: false,
        },
      ],
      settle: [
        {
          kind: 'index',
          id: 'settle/3/index',
          phase: 'settle',
          title: 'build index users_last_name_idx',
          table: users,
          index: 'users_last_name_idx',
          unique: false,
          action: {
            title: 'build index users_last_name_idx',
            form: 'create index concurrently',
            sql: 'create index concurrently users_last_name_idx on public.users using btree (last_name)',
            probe: null,
            undo: 'drop index concurrently if exists public.users_last_name_idx',
          },
        },
      ],
      contract: [
        {
          kind: 'transaction',
          id: 'contract/1',
          phase: 'contract',
          title: 'drop full_name',
          tables: [users],
          actions: [
            {
              title: 'drop column full_name of users',
              form: 'drop column',
              sql: 'alter table public.users drop column full_name',
              probe: null,
              undo: null,
            },
          ],
          guards: [{ title: 'no pending rows', sql: 'select 1' }],
          destructive: true,
        },
      ],
      rollback: [],
    },
    backfills: [
      {
        kind: 'plain',
        index: 0,
        table: users,
        partitioned: false,
        triggers: 'none',
        expectedRows: 180_000_000,
        set: [],
        where: {
          text: 'first_name is null',
          columns: ['first_name'],
          functions: [],
          types: [],
          subquery: false,
          volatile: false,
        } as never,
      },
    ],
    gate: { soakSeconds: 86_400, deployed: { api: '>=42' }, queries: { no_orphans: 'select 1' } },
    touches: [],
    drops: [],
    tables: [users],
    notices: [
      {
        code: 'copy',
        level: 'warning',
        text: 'COPY users FROM without a column list fails from expand on (22P04).',
      },
      { code: 'estimate', level: 'info', text: 'users: about 180,000,000 rows, 1 h for one worker.' },
    ],
  },
  batches: [
    {
      table: 'users',
      sql: 'update public.users\nset first_name = $1',
      access: 'block by block',
      explain: ['Update on users', '  ->  Tid Range Scan'],
    },
  ],
  notApplicable: [
    {
      signal: 'replication_lag',
      text: 'the role migrator may not see other sessions',
      release: 'it may: grant pg_read_all_stats to migrator',
      holds: false,
    },
  ],
};

export const verified: VerificationReport = {
  migration: ID,
  rows: 180_000_000,
  pending: 0,
  mismatched: 0,
  repaired: null,
  bothDisagree: 2,
  coverageOnly: false,
  seconds: 130,
};

export function upResult(migrations: readonly MigrationStatus[], reached: boolean): UpResult {
  return { migrations, schemaFile: null, reached, seconds: 12.4 };
}
