/** What the fault tests share: a project, a table with rows, processes of Bellows, and what must hold in the end. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterEach, expect, onTestFailed } from 'vitest';
import { type Bellows, createBellows } from '#index';
import { type SpawnedNode, spawnNode } from '../support/processes.js';
import { until } from '../support/until.js';
import { type Names, split } from './journal.js';
import type { ProgramOptions } from './program.js';

export const SPLIT = '20240102150000_split';

/** AFTER triggers of one's own must be spoken of, and the table has one: `fills`, see `createUsers`. */
const SPLIT_FILE = `
import { addColumn, createIndex, defineMigration, dropColumn, setNotNull, sql } from 'pgbellows';

export default defineMigration({
  description: 'First and last name become columns of their own',
  table: 'users',
  expand: [
    addColumn('first_name', 'varchar(100)'),
    addColumn('last_name', 'varchar(100)'),
    createIndex(['last_name'], { name: 'users_last_name' }),
    createIndex(['note'], { name: 'users_note' }),
  ],
  backfill: {
    set: {
      first_name: sql\`split_part(full_name, ' ', 1)\`,
      last_name: sql\`substr(full_name, length(split_part(full_name, ' ', 1)) + 2)\`,
    },
    reverse: { full_name: sql\`concat_ws(' ', first_name, nullif(last_name, ''))\` },
    triggers: 'fire',
  },
  contract: [setNotNull('first_name'), setNotNull('last_name'), dropColumn('full_name')],
});
`;

let closers: (() => Promise<void>)[] = [];

/** To be called after `useDatabase`: hooks run backwards, and the database goes last. */
export function useStages(): void {
  afterEach(async () => {
    const now = closers;
    closers = [];
    await Promise.all(now.map((close) => close()));
  });
}

export interface Stage {
  readonly cwd: string;
  readonly overrides: ProgramOptions['overrides'];
  readonly bellows: Bellows;
  spawn(task: ProgramOptions['task'], more?: Partial<ProgramOptions>): SpawnedNode;
}

export interface StageOptions {
  readonly url: string;
  readonly queueUrl?: string;
  /** Rows per second over all workers: slow enough that a fault falls into the walk. */
  readonly rowsPerSecond?: number;
  readonly concurrency?: number;
  /** Text by id. Default: `SPLIT`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A project folder with the migration, and Bellows on it in this process. */
export async function createStage({
  url,
  queueUrl,
  rowsPerSecond,
  concurrency,
  files = { [SPLIT]: SPLIT_FILE },
}: StageOptions): Promise<Stage> {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'bellows-faults-')));
  await mkdir(join(cwd, 'migrations'));
  for (const [id, text] of Object.entries(files)) await writeFile(join(cwd, 'migrations', `${id}.ts`), text);
  const overrides = {
    databaseUrl: url,
    ...(queueUrl === undefined ? {} : { queueUrl }),
    // Port 0: several processes at a time on one machine.
    http: { metricsPort: 0, workerMetricsPort: 0, pagePort: 0 },
    backfill: {
      ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
  };
  const bellows = await createBellows({ cwd, overrides, actor: 'test' });
  closers.push(async () => {
    await bellows.close();
    await rm(cwd, { recursive: true, force: true });
  });
  return { cwd, overrides, bellows, spawn: (task, more) => spawnProgram({ task, cwd, overrides, ...more }) };
}

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

function spawnProgram(options: ProgramOptions): SpawnedNode {
  const child = spawnNode([PROGRAM], { env: { BELLOWS_PROGRAM: JSON.stringify(options) } });
  onTestFailed(() => {
    process.stderr.write(
      `${options.task} ${child.pid}:\n${child.stdout.slice(-2_000)}\n${child.stderr.slice(-2_000)}\n`,
    );
  });
  closers.push(async () => {
    await child.kill('SIGKILL');
  });
  return child;
}

/**
 * `rev` counts the application's writes of a row, so an update that leaves it alone is one of ours: the trigger notes each
 * of them in `fills`. `seed_first` and `seed_last` say what the mapping has to make of `full_name`, without the mapping.
 */
export async function createUsers(client: pg.Client, rows: number): Promise<void> {
  await client.query(`
    create table users (
      id bigint primary key,
      full_name varchar(255) not null,
      note text not null default '',
      tag text,
      rev integer not null default 0,
      seed_first text,
      seed_last text
    );
    create table fills (id bigint not null);
    create function note_fill() returns trigger language plpgsql as
      'begin insert into fills values (new.id); return null; end';
    create trigger note_fill after update on users
      for each row when (old.rev = new.rev) execute function note_fill()`);
  await client.query(
    `insert into users (id, full_name, seed_first, seed_last)
     select i, case when i % 10 = 0 then 'Solo' || i else 'First' || i || ' Last' || i || ' von X' end,
       case when i % 10 = 0 then 'Solo' || i else 'First' || i end,
       case when i % 10 = 0 then '' else 'Last' || i || ' von X' end
     from generate_series(1, $1::integer) i`,
    [rows],
  );
  await client.query('vacuum analyze users');
}

export async function one<T>(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<T> {
  const { rows } = await client.query<{ value: T }>(sql, [...values]);
  const row = rows[0];
  if (row === undefined) throw new Error(`no row: ${sql}`);
  return row.value;
}

export const stateOf = (client: pg.Client, migration = SPLIT): Promise<string> =>
  one<string>(
    client,
    'select state_kind as value from bellows.runs where migration = $1 order by id desc limit 1',
    [migration],
  );

export const batches = (client: pg.Client): Promise<number> =>
  one<number>(client, 'select count(*)::integer as value from bellows.batches');

export async function reaches(
  client: pg.Client,
  state: string,
  timeoutMs = 60_000,
  migration = SPLIT,
): Promise<void> {
  await until(async () => (await stateOf(client, migration)) === state, {
    timeoutMs,
    everyMs: 100,
    what: `${migration} to be ${state}`,
  }).catch(async (error: Error) => {
    throw new Error(`${error.message}; it is ${await describeRun(client)}`);
  });
}

const describeRun = (client: pg.Client): Promise<string> =>
  one<string>(client, `select coalesce(string_agg(state::text, '; '), 'nowhere') as value from bellows.runs`);

/** Every batch took effect once, and the ledger says so: rows and blocks. */
export async function expectSoundLedger(client: pg.Client): Promise<void> {
  const { rows } = await client.query(`
    select
      (select coalesce(sum(rows), 0)::integer from bellows.batches) as ledger,
      (select count(*)::integer from fills) as fills,
      (select count(distinct id)::integer from fills) as filled`);
  const [{ ledger, fills, filled }] = rows as [{ ledger: number; fills: number; filled: number }];
  expect({ ledger, fills }).toEqual({ ledger: filled, fills: filled });
  await expectNoGaps(client);
}

/** The walk has no gap and no overlap, and neither has what the ledger says of each range. */
export async function expectNoGaps(client: pg.Client): Promise<void> {
  const gaps = await client.query(`
    with walk as (
      select *, lag(hi, 1, 0::bigint) over (partition by leaf order by lo) as before
      from bellows.ranges
      where pass = 1 and state <> 'void'
    ), entries as (
      select r.id, r.lo as first, r.hi as last, b.lo, b.hi,
        lag(b.hi, 1, r.lo) over (partition by r.id order by b.lo, b.hi) as before,
        max(b.hi) over (partition by r.id) as reached
      from bellows.ranges r join bellows.batches b on b.range_id = r.id and b.hi > b.lo
      where r.state <> 'void'
    )
    select 'range' as what, id, lo, hi from walk where before <> lo or state <> 'done' or cursor <> hi
    union all
    select 'batch', id, lo, hi from entries where before <> lo or reached <> last`);
  expect(gaps.rows).toEqual([]);
}

/** Everything in the table's schema that has a name of ours or is broken. */
export async function leftovers(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ what: string }>(`
    select 'column ' || attname as what
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not attisdropped
      and (attname ~ 'bellows' or atttypid = '"char"'::regtype)
    union all
    select 'trigger ' || tgname from pg_trigger where tgname ~ 'bellows'
    union all
    select 'function ' || p.oid::regprocedure
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where (n.nspname = 'public' and proname ~ 'bellows') or (n.nspname = 'bellows' and proname not in ('refuse_change', 'demand_plain_lease', 'plain_applied'))
    union all
    select 'index ' || indexrelid::regclass
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = 'public'::regnamespace and (not indisvalid or relname ~ 'bellows')
    union all
    select 'constraint ' || conname from pg_constraint where conname ~ 'bellows' and connamespace <> 'bellows'::regnamespace
    order by 1`);
  return rows.map((row) => row.what);
}

export async function columnsOf(client: pg.Client, table = 'users'): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  return rows.map((row) => row.name);
}

/** Lets the lease and the claims of processes that are dead run out at once, instead of waiting ten seconds for each. */
export async function expireClaims(client: pg.Client): Promise<void> {
  await client.query(`update bellows.lease set expires_at = '-infinity'`);
  await client.query(`update bellows.ranges set beat_at = '-infinity' where holder is not null`);
}

export async function expectSeedNames(client: pg.Client, rows: number): Promise<void> {
  const { rows: counts } = await client.query(`
    select count(*)::integer as rows,
      count(*) filter (where first_name is distinct from seed_first or last_name is distinct from seed_last)::integer as wrong
    from users`);
  expect(counts).toEqual([{ rows, wrong: 0 }]);
}

export async function seedsOf(client: pg.Client): Promise<ReadonlyMap<number, Names>> {
  const { rows } = await client.query<{ id: number; full: string }>(
    'select id::integer, full_name as full from users',
  );
  return new Map(rows.map(({ id, full }) => [id, split(full)]));
}
