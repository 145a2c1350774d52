import { CHECKS, type CheckId, type CheckResult, type Finding } from '#core/gate';
import type { Row, Session } from '#ports';

/** Replaces the results of these checks; all get the database's time of now. */
export async function writeChecks(
  session: Session,
  runId: number,
  results: Readonly<Partial<Record<CheckId, Finding>>>,
): Promise<void> {
  const rows = Object.entries(results).map(([check, { verdict, evidence, release }]) => ({
    check_id: check,
    verdict,
    evidence,
    release,
  }));
  await session.query(
    `insert into bellows.checks as c (run_id, check_id, verdict, evidence, release)
     select $1, r.check_id, r.verdict, r.evidence, r.release
     from jsonb_to_recordset($2::jsonb) as r (check_id text, verdict text, evidence text, release text)
     on conflict (run_id, check_id) do update
     set verdict = excluded.verdict,
       evidence = excluded.evidence,
       release = excluded.release,
       evaluated_at = clock_timestamp()`,
    [runId, JSON.stringify(rows)],
  );
}

/** What was last found, in the order of `CHECKS`, with the skips as they are now. */
export async function readChecks(session: Session, runId: number): Promise<readonly CheckResult[]> {
  return session.query<CheckResult & Row>(
    `select c.check_id as check,
       c.verdict,
       c.evidence,
       c.release,
       c.evaluated_at as at,
       r.skips -> c.check_id ->> 'reason' as skipped
     from bellows.checks c
     join bellows.runs r on r.id = c.run_id
     where c.run_id = $1
     order by array_position($2::text[], c.check_id)`,
    [runId, CHECKS],
  );
}
