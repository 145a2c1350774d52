/** Other runs on the same tables: what they change there is change that we know of. */
import { sameTable } from '#core/identifier';
import type { Database, RunRow } from '#ports';

/** A step says that it is done shortly before its transaction is. Seconds. */
const COMMIT_SECONDS = 5;

export function isNeighbour(run: RunRow, other: RunRow): boolean {
  return (
    other.id !== run.id && other.plan.tables.some((t) => run.plan.tables.some((own) => sameTable(t, own)))
  );
}

/**
 * True where a step of another run on this run's tables ended since the last verification: then the catalogue has changed
 * by our own hand, and the rows are verified anew instead of asking a person.
 */
export async function neighboursMoved(
  database: Database,
  run: RunRow,
  runs: readonly RunRow[],
): Promise<boolean> {
  const neighbours = runs.filter((other) => isNeighbour(run, other));
  if (neighbours.length === 0) return false;
  const rows = await database.query(
    `select
     from bellows.steps
     where run_id = any ($2::bigint[])
       and state = 'done'
       and finished_at > (
         select max(started_at) - $3 * interval '1 s'
         from bellows.verifications
         where run_id = $1
           and finished_at is not null
       )
     limit 1`,
    [run.id, neighbours.map((n) => n.id), COMMIT_SECONDS],
  );
  return rows.length > 0;
}
