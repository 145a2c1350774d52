/** The verifications of a run, as rows: the gate rests on the newest finished one. */
import type { Row, RunRow, Session } from '#ports';
import type { Counts } from './verify-chunk.js';

export interface VerificationRow {
  readonly id: number;
  readonly checksum: string;
  readonly fingerprint: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly rows: number;
  readonly mismatched: number;
  readonly bothDisagree: number;
  readonly pending: number;
  readonly coverageOnly: boolean;
}

export async function startVerification(
  session: Session,
  run: RunRow,
  fingerprint: string,
  coverageOnly: boolean,
): Promise<number> {
  const [row] = await session.query(
    `insert into bellows.verifications (run_id, checksum, fingerprint, coverage_only)
     values ($1, $2, $3, $4)
     returning id`,
    [run.id, run.checksum, fingerprint, coverageOnly],
  );
  return Number(row?.id);
}

export async function finishVerification(session: Session, id: number, counts: Counts): Promise<void> {
  await session.query(
    `update bellows.verifications
     set finished_at = clock_timestamp(), rows = $2, mismatched = $3, both_disagree = $4, pending = $5
     where id = $1`,
    [id, counts.rows, counts.mismatched, counts.bothDisagree, counts.pending],
  );
}

/** The newest finished one; one that was broken off counts as not made. */
export async function latestVerification(session: Session, runId: number): Promise<VerificationRow | null> {
  const [row] = await session.query<VerificationRow & Row>(
    `select
       id,
       checksum,
       fingerprint,
       started_at as "startedAt",
       finished_at as "finishedAt",
       rows,
       mismatched,
       both_disagree as "bothDisagree",
       pending,
       coverage_only as "coverageOnly"
     from bellows.verifications
     where run_id = $1
     and finished_at is not null
     order by id desc
     limit 1`,
    [runId],
  );
  return row ?? null;
}
