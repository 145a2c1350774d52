import type { Blocker } from '#core/events';
import type { Session } from '#ports';
import { blockersOf } from './blockers.js';
import { type Attempt, type Ddl, pause } from './ddl-context.js';
import { demandLease } from './fence.js';

/** How often the wait of a long statement is looked at, in polls: it may wait for hours, and nobody waits for it. */
const LOOK_EVERY = 8;

/** The comment in front of a long statement: whoever finds the session knows whose it is. Ids only. */
function tag(attempt: Attempt): string {
  return `${tagOfStep(attempt)}${attempt.fence.epoch} */`;
}

/** What is in every statement of this step, whichever leader sent it. Step ids hold names: none may end the comment. */
function tagOfStep({ run, step }: Attempt): string {
  return `${TAG}${run.id} step=${encodeURIComponent(step.id).replaceAll('*', '%2A')} epoch=`;
}
const TAG = '/* bellows run=';

/** Whether a query of pg_stat_activity is a long statement of this step, or of any step of Bellows. */
export function isOfStep(query: string, attempt: Attempt): boolean {
  return query.includes(tagOfStep(attempt));
}
export function isOurs(query: string): boolean {
  return query.includes(TAG);
}

/** A long statement that failed, with who was in the way when it was last looked at. */
export interface LongFailure {
  readonly error: unknown;
  readonly blockers: readonly Blocker[];
}

/**
 * Runs one statement that may take hours, outside of any transaction, on a session of its own. Null: it succeeded. Its
 * error is returned and not thrown, since most errors here lead to some more work. An aborted signal cancels it on the
 * server. Throws `FencedError` before it is sent, and the signal's reason.
 */
export async function longStatement(ddl: Ddl, attempt: Attempt, sql: string): Promise<LongFailure | null> {
  await demandLease(ddl.database, attempt.fence);
  const watch = watchWait(ddl, attempt);
  try {
    await ddl.database.direct(attempt.signal, (session) => session.query(`${tag(attempt)} ${sql}`));
    await watch.stop();
    return null;
  } catch (error) {
    const blockers = await watch.stop();
    attempt.signal.throwIfAborted();
    return { error, blockers };
  }
}

/**
 * Keeps in mind who was in the way last, and cancels a statement that was never seen without a blocker for
 * `longLockTimeoutMs`. Not `lock_timeout`: a setting of the session would stay behind on a pooler's connection, and a build
 * that waits in three phases has three waits. A look that fails is left out: it decides nothing.
 */
function watchWait({ database, settings }: Ddl, attempt: Attempt) {
  let blockers: readonly Blocker[] = [];
  let freeAt = performance.now();
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    const pid = await activePid(database, tag(attempt));
    blockers = pid === null ? [] : await blockersOf(database, pid);
    if (blockers.length === 0) freeAt = performance.now();
    if (pid === null || performance.now() - freeAt < settings.longLockTimeoutMs) return;
    await database.query('select pg_cancel_backend($1)', [pid]);
  };
  const timer = setInterval(() => {
    looking = looking.then(look).catch(() => undefined);
  }, settings.pollMs * LOOK_EVERY);
  return {
    stop: async () => {
      clearInterval(timer);
      await looking;
      return blockers;
    },
  };
}

/** Found by its tag: behind a pooler the session that was opened does not know on which connection it runs. */
async function activePid(database: Session, text: string): Promise<number | null> {
  const [row] = await database.query<{ readonly pid: number }>(
    `select pid
     from pg_stat_activity
     where datname = current_database()
     and state = 'active'
     and strpos(query, $1) > 0`,
    [text],
  );
  return row?.pid ?? null;
}

/** Waits until no other session runs a statement of this step: an earlier leader's, which is as good as ours. */
export async function awaitTwin({ database, settings }: Ddl, attempt: Attempt): Promise<void> {
  while ((await activePid(database, tagOfStep(attempt))) !== null)
    await pause(settings.pollMs, attempt.signal);
}
