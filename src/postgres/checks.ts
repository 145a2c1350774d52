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

export async function readChecksOf(session: Session, runId: number): Promise<readonly CheckResult[]> {
  return (await readChecks(session, [runId])).get(runId) ?? [];
}

type FoundRow = CheckResult & Row & { readonly runId: number };

/** What was last found of each of these runs, in the order of `CHECKS`, with the skips as they are now. */
export async function readChecks(
  session: Session,
  runIds: readonly number[],
): Promise<ReadonlyMap<number, readonly CheckResult[]>> {
  if (runIds.length === 0) return new Map();
  const rows = await session.query<FoundRow>(
    `select r.id as "runId",
       c.check_id as check,
       c.verdict,
       c.evidence,
       c.release,
       c.evaluated_at as at,
       r.skips -> c.check_id ->> 'reason' as skipped
     from bellows.checks c
     join bellows.runs r on r.id = c.run_id
     where c.run_id = any ($1::bigint[])
     order by array_position($2::text[], c.check_id)`,
    [runIds, CHECKS],
  );
  const found = new Map<number, CheckResult[]>(runIds.map((id) => [id, []]));
  for (const { runId, ...result } of rows) found.get(runId)?.push(result);
  return found;
}
