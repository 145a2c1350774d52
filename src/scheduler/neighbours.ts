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
 * True where a step of another run on this run's tables, or a plain migration that names one of them, ended since the last
 * verification: then the catalogue has changed by our own hand, and the rows are verified anew instead of asking a person.
 */
export async function neighboursMoved(
  database: Database,
  run: RunRow,
  runs: readonly RunRow[],
): Promise<boolean> {
  const neighbours = runs.filter((other) => isNeighbour(run, other));
  const rows = await database.query(
    `with verified as (
       select max(started_at) - $3 * interval '1 s' as at
       from bellows.verifications
       where run_id = $1
         and finished_at is not null
     )
     select
     from bellows.steps, verified
     where run_id = any ($2::bigint[])
       and state = 'done'
       and finished_at > verified.at
     union all
     select
     from bellows.plain, verified
     where tables && $4::text[]
       and finished_at > verified.at
     limit 1`,
    [run.id, neighbours.map((n) => n.id), COMMIT_SECONDS, run.plan.tables.map((table) => table.name)],
  );
  return rows.length > 0;
}
