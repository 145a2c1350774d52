import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterEach } from 'vitest';
import type { ServerFacts } from '#core/catalogue-facts';
import { isProven } from '#core/decide';
import type { EventMap, EventName } from '#core/events';
import type { BackfillPlan, RunPlan, SyncedBackfillPlan } from '#core/plan';
import { analyseExpression } from '#parser/analyse';
import { loadParser } from '#parser/load';
import { systemClock } from '#phases/backfill/clock';
import type { WalkDeps } from '#phases/backfill/course';
import { type BackfillProgress, readProgress } from '#phases/backfill/progress';
import { planWalk } from '#phases/backfill/ranges';
import { lockWaiters } from '#phases/backfill/throttle/lock-waiters';
import { operator } from '#phases/backfill/throttle/operator';
import { createThrottle } from '#phases/backfill/throttle/throttle';
import { walkRange } from '#phases/backfill/walk';
import type { Database, JobOutcome, PaceSettings, RunRow, RunStore } from '#ports';
import { createDatabase } from '../../src/postgres/database.js';
import { installSchema } from '../../src/postgres/install.js';
import { createRunStore } from '../../src/postgres/run-store.js';
import { connect } from '../support/connections.js';
import { type UseOptions, useDatabase } from '../support/database.js';
import { install, type Setup } from './sync-trigger-fixture.js';

export const NEVER: AbortSignal = new AbortController().signal;
export const SERVER: ServerFacts = {
  versionNumber: 180000,
  deadlockTimeoutMs: 1_000,
  canSkipTriggers: true,
  role: 'postgres',
  applicationDeadlockTimeoutMs: 1_000,
};

export interface Told {
  readonly name: EventName;
  readonly payload: EventMap[EventName];
}

/** A database with Bellows' schema, an application's session, and what a worker has. */
export interface Workshop {
  readonly app: pg.Client;
  readonly database: Database;
  readonly store: RunStore;
  readonly events: Told[];
  readonly deps: WalkDeps;
  close(): Promise<void>;
}

/** A workshop in a database of its own for each test. Its connections are closed before the database is dropped. */
export function useWorkshop(options: UseOptions = {}): (over?: Partial<WalkDeps>) => Promise<Workshop> {
  const database = useDatabase(options);
  const opened: Workshop[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((shop) => shop.close()));
  });
  return async (over = {}) => {
    const shop = await openWorkshop(database.url, over);
    opened.push(shop);
    return shop;
  };
}

export async function openWorkshop(url: string, over: Partial<WalkDeps> = {}): Promise<Workshop> {
  await loadParser();
  const database = createDatabase({ url, applicationName: 'bellows worker', max: 8 });
  await installSchema(database);
  const store = createRunStore(database);
  const events: Told[] = [];
  const emit: WalkDeps['emit'] = (name, payload) => events.push({ name, payload });
  // Nobody leads here, so nobody vacuums: the dead rows of a walk are not what these tests are about.
  const throttle = createThrottle({ database, clock: systemClock, emit, signals: [operator, lockWaiters] });
  const deps = {
    database,
    store,
    server: SERVER,
    holder: randomUUID(),
    throttle,
    clock: systemClock,
    emit,
    transforms: () => Promise.reject(new Error('no transform was handed in')),
    ...over,
  };
  return { app: await connect(url), database, store, events, deps, close: () => database.close() };
}

export function urlOf({ app }: Workshop): string {
  return `postgresql://${app.user}@${app.host}:${app.port}/${app.database}`;
}

/** Marker and triggers as expand makes them, then a run of it that is backfilling. */
export async function startSynced(
  shop: Workshop,
  setup: Setup,
  over: Partial<SyncedBackfillPlan> = {},
  pace: Partial<PaceSettings> = {},
): Promise<RunRow> {
  const plan = { ...(await install(shop.app, setup)), ...over };
  return startRun(shop, plan, pace);
}

export async function startPlain(shop: Workshop, table: string, set: Record<string, string>, where: string) {
  const columns = Object.entries(set).map(([name, text]) => ({
    name,
    type: 'text',
    default: null,
    volatileDefault: false,
    plainEquality: true,
    requiredLater: false,
    expression: analyseExpression(text, { table }),
  }));
  return startRun(shop, {
    kind: 'plain',
    index: 0,
    table: { schema: 'public', name: table },
    partitioned: false,
    expectedRows: null,
    triggers: 'none',
    set: columns,
    where: analyseExpression(where, { table }),
  });
}

export async function startPurge(
  shop: Workshop,
  table: string,
  where: string,
  over: { readonly order?: 'newest first' } = {},
): Promise<RunRow> {
  return startRun(shop, {
    kind: 'purge',
    index: 0,
    table: { schema: 'public', name: table },
    partitioned: false,
    expectedRows: null,
    triggers: 'none',
    where: analyseExpression(where, { table }),
    ...over,
  });
}

export async function startRun(
  { store, database }: Workshop,
  backfill: BackfillPlan,
  pace: Partial<PaceSettings> = {},
): Promise<RunRow> {
  const id = await store.nextRunId();
  const settings = { concurrency: 1, targetMs: 100, rowsPerSecond: null, ...pace };
  const plan: RunPlan = {
    format: 1,
    migration: '20240101000000_test',
    description: '',
    checksum: 'x',
    steps: { expand: [], settle: [], contract: [], rollback: [] },
    backfills: [backfill],
    gate: { soakSeconds: 0, deployed: {}, queries: {} },
    touches: [],
    drops: [],
    tables: [backfill.table],
    notices: [],
  };
  await store.create(id, plan, settings, 'test');
  await setState(database, id, { kind: 'backfilling', since: new Date().toISOString(), again: null });
  return reread(store, id);
}

export async function setState(
  database: Database,
  id: number,
  state: Record<string, unknown>,
): Promise<void> {
  await database.query('update bellows.runs set state = $2, version = version + 1 where id = $1', [
    id,
    JSON.stringify(state),
  ]);
}

export async function reread(store: RunStore, id: number): Promise<RunRow> {
  const run = await store.runById(id);
  if (run === null) throw new Error('the run is gone');
  return run;
}

export async function openRanges(database: Database, runId: number): Promise<readonly number[]> {
  const rows = await database.query<{ id: number }>(
    `select id from bellows.ranges where run_id = $1 and state = 'open' order by id`,
    [runId],
  );
  return rows.map((row) => row.id);
}

/** Walks all open ranges one after the other. */
export async function walkAll(shop: Workshop, run: RunRow): Promise<readonly JobOutcome[]> {
  const outcomes: JobOutcome[] = [];
  for (const rangeId of await openRanges(shop.database, run.id)) {
    outcomes.push(await walkRange(shop.deps, { runId: run.id, rangeId }, NEVER));
  }
  return outcomes;
}

/** Passes until a clean sweep, as the leader does it. */
export async function backfill(shop: Workshop, run: RunRow, maxPasses = 6): Promise<BackfillProgress> {
  const deadline = Date.now() + 25_000;
  while (Date.now() < deadline) {
    const progress = await readProgress(shop.database, run.id, 0);
    if (isProven(progress, '2000-01-01T00:00:00Z', run.plan.backfills[0])) return progress;
    if (progress.openRanges > 0) await walkAll(shop, run);
    else if (progress.pass >= maxPasses) return progress;
    else if (!(await planWalk(shop, run, 0, progress.pass + 1))) await systemClock.sleep(50, NEVER);
  }
  throw new Error('the backfill did not end');
}

/** Problems of the ledger: gaps, overlaps, cursors that are not where the batches end, wrong totals. Empty: sound. */
export async function ledgerProblems(database: Database, runId: number): Promise<readonly unknown[]> {
  return database.query(
    `with walked as (
      select
        b.range_id, b.lo, b.hi,
        lag(b.hi) over (partition by b.range_id order by b.lo, b.hi) as before
      from bellows.batches b
      where b.run_id = $1
        and b.hi > b.lo
    ),
    ends as (
      select range_id, min(lo) as lo, max(hi) as hi
      from walked
      group by range_id
    )
    select 'seam' as problem, walked.range_id, walked.lo
    from walked
    where walked.before is distinct from walked.lo
      and walked.before is not null
    union all
    select 'cursor', r.id, r.cursor
    from bellows.ranges r
    left join ends on ends.range_id = r.id
    where r.run_id = $1
      and (coalesce(ends.hi, r.lo) <> r.cursor or coalesce(ends.lo, r.lo) <> r.lo)
    union all
    select 'totals', r.id, r.summed_to
    from bellows.ranges r
    left join bellows.batches b on b.range_id = r.id and b.id <= r.summed_to
    where r.run_id = $1
    group by r.id
    having r.rows_moved <> coalesce(sum(b.rows), 0) or r.rows_left <> coalesce(sum(b.left_behind), 0)
    union all
    select 'ranges', r.id, r.lo
    from (
      select
        r.*,
        lag(hi) over (partition by backfill, pass, leaf order by lo, hi) as before,
        lag(key_to) over (partition by backfill, pass, leaf order by id) as above,
        lead(id) over (partition by backfill, pass, leaf order by id) is null as last
      from bellows.ranges r
      where run_id = $1
        and state <> 'void'
    ) as r
    where case kind
      when 'keys' then r.key_from is distinct from r.above or (r.last and r.key_to is not null)
      else coalesce(r.before, 0) <> r.lo
    end`,
    [runId],
  );
}

export async function rowsInLedger(database: Database, runId: number): Promise<number> {
  const rows = await database.query<{ rows: number }>(
    'select coalesce(sum(rows), 0)::integer as rows from bellows.batches where run_id = $1',
    [runId],
  );
  return rows[0]?.rows ?? 0;
}

export async function count(app: pg.Client, sql: string): Promise<number> {
  const { rows } = await app.query<{ n: number }>(`select count(*)::integer as n from ${sql}`);
  return rows[0]?.n ?? -1;
}

/** `users` with `rows` names, and the two columns that the mapping fills. */
export async function usersTable(app: pg.Client, rows: number, extra = ''): Promise<void> {
  await app.query(`create table users (
    id bigint generated always as identity primary key,
    full_name text not null,
    n integer not null default 0,
    first_name varchar(100),
    last_name varchar(100)
    ${extra}
  )`);
  await app.query(
    `insert into users (full_name) select 'Ann' || i || ' Lee' || i from generate_series(1, $1::integer) i`,
    [rows],
  );
}

export const USERS: Setup = {
  table: 'users',
  restores: true,
  requiredLater: ['first_name'],
  groups: [
    {
      forward: {
        first_name: `split_part(full_name, ' ', 1)`,
        last_name: `substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`,
      },
      backward: { full_name: `concat_ws(' ', first_name, nullif(last_name, ''))` },
    },
  ],
};

export const WRONG_USERS = `users
  where first_name is distinct from split_part(full_name, ' ', 1)
    or last_name is distinct from substr(full_name, length(split_part(full_name, ' ', 1)) + 2)`;
