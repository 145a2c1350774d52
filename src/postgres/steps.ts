import type { Blocker } from '#core/events';
import type { Row, Session, StepRow } from '#ports';

/** Steps of a run, in the order in which they were first started. Callers hold the lease in the same transaction. */
export async function readSteps(session: Session, runId: number): Promise<readonly StepRow[]> {
  return session.query<StepRow & Row>(
    `select step_id as step,
       state,
       attempts,
       started_at as "startedAt",
       finished_at as "finishedAt",
       error,
       blockers
     from bellows.steps
     where run_id = $1
     order by started_at, step_id`,
    [runId],
  );
}

/**
 * Counts an attempt. What the attempt before ran into stays until the step is done: it is the answer to "why does it not
 * move". A step that is done stays done.
 */
export async function markStepStarted(session: Session, runId: number, stepId: string): Promise<void> {
  await session.query(
    `insert into bellows.steps as s (run_id, step_id, state, attempts)
     values ($1, $2, 'running', 1)
     on conflict (run_id, step_id) do update
     set state = 'running', attempts = s.attempts + 1
     where s.state <> 'done'`,
    [runId, stepId],
  );
}

/** @param error SQLSTATE and a sentence without row values */
export async function markStepBlocked(
  session: Session,
  runId: number,
  stepId: string,
  error: string,
  blockers: readonly Blocker[],
): Promise<void> {
  await session.query(
    `update bellows.steps
     set error = $3, blockers = $4
     where run_id = $1
     and step_id = $2
     and state <> 'done'`,
    [runId, stepId, error, JSON.stringify(blockers)],
  );
}

/** Makes steps due again, by how their ids begin. What they did may still stand: their probes tell. */
export async function forgetSteps(
  session: Session,
  runId: number,
  beginnings: readonly string[],
): Promise<void> {
  await session.query(
    `delete from bellows.steps
     where run_id = $1
     and exists (
       select
       from unnest($2::text[]) as b (beginning)
       where starts_with(step_id, b.beginning)
     )`,
    [runId, beginnings],
  );
}

/** Also for a step that was found done without ever being started by this run's rows. */
export async function markStepDone(session: Session, runId: number, stepId: string): Promise<void> {
  await session.query(
    `insert into bellows.steps as s (run_id, step_id, state, attempts, finished_at)
     values ($1, $2, 'done', 0, clock_timestamp())
     on conflict (run_id, step_id) do update
     set state = 'done',
       finished_at = coalesce(s.finished_at, clock_timestamp()),
       error = null,
       blockers = '[]'`,
    [runId, stepId],
  );
}
