import type { Row, RunRow, Session } from '#ports';

/** A run as the port shows it. Its jsonb was written by `create` and `transition` alone, so it is read as what it is. */
export const RUN_COLUMNS = `
  id,
  migration,
  checksum,
  plan,
  state,
  version,
  pace,
  skips,
  created_at as "createdAt",
  updated_at as "updatedAt"`;

type StoredRun = RunRow & Row;

/** The newest run of each migration, by migration; rolled-back ones included. */
export async function newestRuns(session: Session): Promise<readonly RunRow[]> {
  return session.query<StoredRun>(
    `select distinct on (migration) ${RUN_COLUMNS}
     from bellows.runs
     order by migration, id desc`,
  );
}

export async function aliveRuns(session: Session): Promise<readonly RunRow[]> {
  return session.query<StoredRun>(
    `select ${RUN_COLUMNS}
     from bellows.runs
     where state_kind not in ('done', 'rolled_back')
     order by migration`,
  );
}

export async function newestRun(session: Session, migration: string): Promise<RunRow | null> {
  const [row] = await session.query<StoredRun>(
    `select ${RUN_COLUMNS}
     from bellows.runs
     where migration = $1
     order by id desc
     limit 1`,
    [migration],
  );
  return row ?? null;
}

export async function runById(session: Session, id: number): Promise<RunRow | null> {
  const [row] = await session.query<StoredRun>(`select ${RUN_COLUMNS} from bellows.runs where id = $1`, [id]);
  return row ?? null;
}

/** The run and the time of the database, with its row locked until the transaction ends. */
export async function lockRun(
  tx: Session,
  id: number,
): Promise<{ readonly run: RunRow; readonly now: string } | null> {
  const [row] = await tx.query<StoredRun & { now: string }>(
    `select ${RUN_COLUMNS}, clock_timestamp() as now
     from bellows.runs
     where id = $1
     for no key update`,
    [id],
  );
  if (row === undefined) return null;
  const { now, ...run } = row;
  return { run, now };
}
