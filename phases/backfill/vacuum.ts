/**
 * Vacuums the walked table as the walk goes, so that the rows that batches leave behind are reused and the table grows by a
 * fraction instead of doubling. The leader calls it; two leaders at once do no harm, since VACUUM keeps itself out.
 */
import type { Emit } from '#core/events';
import { displayTable, quoteTable, type TableName } from '#core/identifier';
import { type BackfillPlan, isCopy } from '#core/plan';
import type { Database, RunRow, Session } from '#ports';
import type { ReadHorizon } from './horizon.js';
import { paceOf } from './pace-settings.js';

/** Measured: each 10 % caps the growth at 1.18, each 5 % at 1.14; nothing else tells them apart. */
const SHARE = 0.1;
/** Of the time since the walk began; where vacuums would take more, a larger share is walked in between. */
const MAX_TIME = 0.2;
/** Heap blocks; below that a vacuum gives back nothing that counts. */
const LEAST_BLOCKS = 1_000;
/** What is younger ends by itself before it matters. */
const PIN_SECONDS = 1;

export interface VacuumDeps {
  readonly database: Database;
  readonly emit: Emit;
  readonly horizon: ReadHorizon;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Leaves with what the walk has passed, and what of it was vacuumed; a leaf that was planned anew begins anew. */
const PROGRESS = `
select
  r.leaf::bigint as leaf,
  max(r.leaf_schema) as schema,
  max(r.leaf_table) as name,
  sum(r.cursor - r.lo)::float8 as walked,
  sum(r.hi - r.lo)::float8 as total,
  least(coalesce(max(v.blocks), 0), sum(r.cursor - r.lo))::float8 as vacuumed,
  coalesce(max(v.seconds), 0)::float8 as seconds,
  extract(epoch from clock_timestamp() - min(r.started_at))::float8 as elapsed,
  extract(epoch from clock_timestamp() - max(v.due_at))::float8 as due,
  bool_or(r.kind = 'picked') as picked,
  pg_relation_size(r.leaf) / current_setting('block_size')::bigint as blocks
from bellows.ranges r
left join bellows.vacuums v on v.run_id = r.run_id and v.leaf = r.leaf
where r.run_id = $1
  and r.pass = 1
  and r.backfill = any ($2)
  and r.state <> 'void'
group by r.leaf
having pg_relation_size(r.leaf) is not null`;

interface LeafProgress extends Readonly<Record<string, unknown>> {
  readonly leaf: number;
  readonly schema: string;
  readonly name: string;
  readonly walked: number;
  readonly total: number;
  readonly vacuumed: number;
  readonly seconds: number;
  /** Null: no walker has begun it. */
  readonly elapsed: number | null;
  /** Seconds since a vacuum is due; null: it was not when somebody last looked. */
  readonly due: number | null;
  /** Rows that an index gave: few in a large table, so what they leave behind is not worth reading its indexes for. */
  readonly picked: boolean;
  readonly blocks: number;
}

const DUE = `
insert into bellows.vacuums (run_id, leaf, due_at)
select $1, leaf, clock_timestamp()
from unnest($2::oid[]) as u (leaf)
on conflict (run_id, leaf) do update
set due_at = coalesce(vacuums.due_at, excluded.due_at)`;

const DONE = `
update bellows.vacuums
set
  blocks = $3,
  due_at = null,
  vacuumed_at = clock_timestamp(),
  last_seconds = $4,
  seconds = seconds + $4,
  runs = runs + 1
where run_id = $1
  and leaf = $2`;

/** Of runs at their gate: those where dead rows hold what is caught up with. A hold from before that says nothing. */
export async function heldCatchUps(
  session: Session,
  runIds: readonly number[],
): Promise<ReadonlySet<number>> {
  if (runIds.length === 0) return new Set();
  const rows = await session.query<{ run_id: number }>(
    `select run_id
    from bellows.holds h
    where run_id = any ($1)
      and signal = 'dead_tuples'
      and exists (select from bellows.ranges r where r.run_id = h.run_id and r.state = 'open')`,
    [runIds],
  );
  return new Set(rows.map(({ run_id }) => Number(run_id)));
}

/** Does what is due for one run, which is walked now. Returns how many tables were vacuumed. */
export async function vacuumAsItGoes(deps: VacuumDeps, run: RunRow, signal: AbortSignal): Promise<number> {
  const { database, horizon, now } = deps;
  if (!paceOf(run.pace).vacuum) return 0;
  const due = await dueOf(database, run);
  if (due.length === 0) return 0;
  await database.query(DUE, [run.id, due.map((leaf) => leaf.leaf)]);
  const since = Math.max(PIN_SECONDS, ...due.map((leaf) => leaf.due ?? 0));
  const holder = await horizon(database, now());
  // It would remove nothing: the signal vacuum_horizon holds the walk meanwhile, and names who is in the way.
  if (holder !== null && holder.seconds > since) return 0;
  let done = 0;
  for (const leaf of due) if (await vacuumLeaf(deps, run, leaf, signal)) done += 1;
  return done;
}

async function dueOf(session: Session, { id, plan }: RunRow): Promise<readonly LeafProgress[]> {
  const leavesOf = (backfills: readonly BackfillPlan[]) =>
    session.query<LeafProgress>(PROGRESS, [id, backfills.map(({ index }) => index)]);
  // Dead rows hold the walk already, whoever left them: nothing else would release it where autovacuum is off.
  if (await isHeldByDeadRows(session, id)) return leavesOf(plan.backfills);
  // A copy leaves none in what it walks.
  const leaves = await leavesOf(plan.backfills.filter((b) => !isCopy(b)));
  const through = leaves.filter(({ picked }) => !picked);
  return isDue(through) ? through.filter((leaf) => leaf.walked > leaf.vacuumed) : [];
}

function isDue(leaves: readonly LeafProgress[]): boolean {
  const sum = (of: (leaf: LeafProgress) => number) => leaves.reduce((all, leaf) => all + of(leaf), 0);
  if (sum((leaf) => leaf.blocks) < LEAST_BLOCKS) return false;
  const elapsed = Math.max(0, ...leaves.map((leaf) => leaf.elapsed ?? 0));
  const affordable = sum((leaf) => leaf.seconds) <= MAX_TIME * elapsed;
  return affordable && sum((leaf) => leaf.walked - leaf.vacuumed) >= SHARE * sum((leaf) => leaf.total);
}

async function isHeldByDeadRows(session: Session, runId: number): Promise<boolean> {
  const rows = await session.query(`select from bellows.holds where run_id = $1 and signal = 'dead_tuples'`, [
    runId,
  ]);
  return rows.length > 0;
}

/** A vacuum, an index build or an ALTER of somebody else: ours gives way, and comes again. */
const BUSY = `
select
from pg_locks
where relation = $1::oid
  and database = (select oid from pg_database where datname = current_database())
  and granted
  and mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

async function vacuumLeaf(
  { database, emit, now }: VacuumDeps,
  run: RunRow,
  { leaf, schema, name, walked }: LeafProgress,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await database.query(BUSY, [leaf])).length > 0) return false;
  const table: TableName = { schema, name };
  const started = now();
  // Truncation would take ACCESS EXCLUSIVE, here and on standbys; parallel workers would take cores from the application.
  const text = `vacuum (skip_locked, truncate false, parallel 0) ${quoteTable(table)}`;
  await database.direct(signal, (session) => session.query(text));
  const seconds = (now() - started) / 1_000;
  await database.query(DONE, [run.id, leaf, walked, seconds]);
  emit('backfill:vacuumed', { migration: run.migration, table: displayTable(table), seconds });
  return true;
}
