/**
 * Bellows itself: the run that `up` made, its jobs through the queue, a worker in a process of its own. Each slice is a
 * range; those whose turn has not come are void, which holds them back.
 */
import type { Client } from 'pg';
import { dispatch } from '#phases/backfill/dispatch';
import type { Database } from '#ports';
import type { BellowsRun } from '../bellows-run.js';
import type { Shape } from './shape.js';

/** @param workers ranges that are walked at a time; the slice is cut into as many. 1 or 2. */
export function bellowsShape(
  client: Client,
  { run, database, queue, worker }: BellowsRun,
  workers: 1 | 2,
): Shape {
  const [backfill] = run.plan.backfills;
  if (backfill?.kind !== 'synced' && backfill?.kind !== 'copy') throw new Error('no backfill with triggers');
  const { insertTrigger, updateTrigger } = backfill;
  let ranges: readonly number[] = [];
  return {
    name: workers === 1 ? 'Bellows' : 'Bellows, two workers',
    sessions: 'bellows',
    prepare: async ({ range }) => {
      await client.query('alter table users disable trigger user');
      for (const name of [insertTrigger, updateTrigger]) {
        await client.query(`alter table users enable always trigger "${name}"`);
      }
      await database.query(CONCURRENCY, [run.id, workers]);
      ranges = workers === 1 ? [range] : [range, await halve(database, range)];
      await database.query(`update bellows.ranges set state = 'open' where id = any ($1)`, [ranges]);
    },
    move: async () => {
      let finished = worker.jobsFinished();
      do {
        await dispatch({ database, queue, emit: () => undefined }, run);
        await worker.finishedAfter(finished);
        // Before the look at the ranges: a job that ends during it is not waited for again.
        finished = worker.jobsFinished();
      } while (await isOpen(database, ranges));
      return rowsOf(database, ranges);
    },
  };
}

const CONCURRENCY = `
update bellows.runs
set pace = pace || jsonb_build_object('concurrency', $2::integer)
where id = $1`;

/** The new range is the second half. */
async function halve(database: Database, range: number): Promise<number> {
  const rows = await database.query<{ id: number }>(HALVE, [range]);
  return Number(rows[0]?.id);
}

const HALVE = `
with whole as (
  select *
  from bellows.ranges
  where id = $1
),
first as (
  update bellows.ranges r
  set hi = (whole.lo + whole.hi) / 2, rows_expected = whole.rows_expected / 2
  from whole
  where r.id = whole.id
)
insert into bellows.ranges
  (run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode, lo, hi, cursor, rows_expected, state)
select
  run_id, backfill, pass, leaf, leaf_schema, leaf_table, filenode,
  (lo + hi) / 2, hi, (lo + hi) / 2, rows_expected / 2, 'void'
from whole
returning id`;

async function isOpen(database: Database, ranges: readonly number[]): Promise<boolean> {
  const sql = `select from bellows.ranges where id = any ($1) and state = 'open' limit 1`;
  return (await database.query(sql, [ranges])).length > 0;
}

async function rowsOf(database: Database, ranges: readonly number[]): Promise<number> {
  const rows = await database.query<{ n: number }>(
    'select coalesce(sum(rows), 0)::integer as n from bellows.batches where range_id = any ($1)',
    [ranges],
  );
  return rows[0]?.n ?? 0;
}
