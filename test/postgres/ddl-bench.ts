import type { EventMap, EventName } from '#core/events';
import type { TableName } from '#core/identifier';
import type { DdlForm } from '#core/locks';
import type { Action, DropIndexStep, IndexStep, RunPlan, ScanStep, Step, TransactionStep } from '#core/plan';
import type { DdlExecutor, Fence, Lease, RunRow, StepOutcome } from '#ports';
import { createDatabase, type PostgresDatabase } from '#postgres/database';
import { createDdlExecutor, type DdlSettings } from '#postgres/ddl';
import { installSchema } from '#postgres/install';
import { createLease } from '#postgres/lease';
import { createRunStore } from '#postgres/run-store';

/** An executor over a real database with an installed schema, a held lease and one run. */
export interface Bench {
  readonly database: PostgresDatabase;
  readonly ddl: DdlExecutor;
  readonly run: RunRow;
  readonly lease: Lease;
  readonly fence: Fence;
  readonly events: readonly { readonly name: EventName; readonly payload: EventMap[EventName] }[];
  perform(step: Step, signal?: AbortSignal): Promise<StepOutcome>;
  attempts(): readonly EventMap['step:attempt'][];
  /** Another leader's executor, over the same run. */
  second(fence: Fence): Pick<Bench, 'perform' | 'attempts'>;
}

const NEVER = new AbortController().signal;

export async function withBench(
  url: string,
  work: (bench: Bench) => Promise<void>,
  settings: Partial<DdlSettings> = {},
): Promise<void> {
  const database = createDatabase({ url, applicationName: 'bench' });
  try {
    await installSchema(database);
    const lease = createLease(database, 'test/1', { ttlMs: 60_000 });
    const fence = await lease.acquire();
    if (fence === null) throw new Error('the lease is taken');
    await work(bench(database, await newRun(database), lease, fence, settings));
  } finally {
    await database.close();
  }
}

function bench(
  database: PostgresDatabase,
  run: RunRow,
  lease: Lease,
  fence: Fence,
  settings: Partial<DdlSettings>,
): Bench {
  const events: { name: EventName; payload: EventMap[EventName] }[] = [];
  const ddl = createDdlExecutor({
    database,
    emit: (name, payload) => void events.push({ name, payload }),
    settings,
  });
  return {
    database,
    ddl,
    run,
    lease,
    fence,
    events,
    perform: (step, signal = NEVER) => ddl.perform(run, step, fence, signal),
    attempts: () =>
      events
        .filter(({ name }) => name === 'step:attempt')
        .map(({ payload }) => payload as EventMap['step:attempt']),
    second: (other) => bench(database, run, lease, other, settings),
  };
}

async function newRun(database: PostgresDatabase): Promise<RunRow> {
  const store = createRunStore(database);
  const plan: RunPlan = {
    format: 1,
    migration: '20240102150000_split',
    description: 'test',
    checksum: 'c',
    steps: { expand: [], settle: [], contract: [], rollback: [] },
    backfills: [],
    gate: { soakSeconds: 0, deployed: {}, queries: {} },
    touches: [],
    drops: [],
    tables: [],
    notices: [],
  };
  return store.create(
    await store.nextRunId(),
    plan,
    { concurrency: 1, targetMs: 100, rowsPerSecond: null },
    'test',
  );
}

export const table = (name: string): TableName => ({ schema: 'public', name });

export function action(form: DdlForm, sql: string, probe: string | null = null): Action {
  return { title: form, form, sql, probe, undo: null };
}

const COLUMN = (name: string, column: string) =>
  `select exists (select from pg_attribute where attrelid = to_regclass('public.${name}') and attname = '${column}' and not attisdropped)`;

/** `alter table … add column`, with its probe. */
export function addColumn(
  name: string,
  column: string,
  more: Partial<TransactionStep> = {},
): TransactionStep {
  const actions = [
    action('add column', `alter table public.${name} add column ${column} int`, COLUMN(name, column)),
  ];
  return {
    kind: 'transaction',
    id: `expand/${column}`,
    phase: 'expand',
    title: `add ${column}`,
    tables: [table(name)],
    actions,
    guards: [],
    destructive: false,
    ...more,
  };
}

export function createIndex(name: string, index: string, rest: string, unique = false): IndexStep {
  const sql = `create ${unique ? 'unique ' : ''}index concurrently "${index}" on "public"."${name}" ${rest}`;
  const form = 'create index concurrently';
  return {
    kind: 'index',
    id: `settle/index/${index}`,
    phase: 'settle',
    title: `index ${index}`,
    table: table(name),
    index,
    unique,
    action: action(form, sql),
  };
}

export function dropIndex(name: string, index: string): DropIndexStep {
  const sql = `drop index concurrently "public"."${index}"`;
  const form = 'drop index concurrently';
  return {
    kind: 'drop_index',
    id: `rollback/index/${index}`,
    phase: 'rollback',
    title: `drop ${index}`,
    table: table(name),
    index,
    action: action(form, sql),
  };
}

export function validate(name: string, constraint: string): ScanStep {
  const sql = `alter table public.${name} validate constraint ${constraint}`;
  const probe = `select convalidated from pg_constraint where conrelid = to_regclass('public.${name}') and conname = '${constraint}'`;
  const undoOnViolation = `alter table public.${name} drop constraint ${constraint}`;
  return {
    kind: 'scan',
    id: `contract/${constraint}`,
    phase: 'contract',
    title: `validate ${constraint}`,
    table: table(name),
    action: action('validate constraint', sql, probe),
    undoOnViolation,
  };
}
