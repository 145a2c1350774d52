import type { Blocker } from '#core/events';
import type { Answer, Statement } from '#core/statement';
import type { DirectSession } from '#ports';
import type { PlainDeps } from './deps.js';

/** A statement of a message, and what its failure means. */
export interface Step extends Statement {
  readonly failure: (error: unknown, blockers: readonly Blocker[]) => unknown;
}

/** The first answers, as soon as there are that many. Fails with what the failure means that came before. */
export type Reached = (count: number) => Promise<readonly Answer[]>;

interface Waiting {
  readonly count: number;
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends them in one message. Looks half-way through the patience who is in the way: when it has failed, they may be gone. */
export function sendWatched(
  { lockTimeoutMs, blockersOf }: Pick<PlainDeps, 'lockTimeoutMs' | 'blockersOf'>,
  session: DirectSession,
  steps: readonly Step[],
): Reached {
  const answers: Answer[] = [];
  let waiting: readonly Waiting[] = [];
  let failed: { readonly error: unknown } | null = null;
  let blockers: readonly Blocker[] = [];
  const tell = () => {
    const told = waiting.filter(({ count }) => count <= answers.length || failed !== null);
    if (told.length === 0) return;
    waiting = waiting.filter((one) => !told.includes(one));
    for (const { count, resolve, reject } of told)
      if (count <= answers.length) resolve(answers);
      else reject(failed?.error);
  };
  const fail = (error: unknown) => {
    failed = { error };
    tell();
  };
  const see = async () => {
    const pid = await session.backend();
    if (pid !== null) blockers = await blockersOf(pid);
  };
  const look = setTimeout(() => void see().catch(() => undefined), lockTimeoutMs / 2);
  session
    .pipeline(steps, (answer) => {
      // Each statement has its own patience.
      look.refresh();
      answers.push(answer);
      tell();
    })
    .then(({ error }) => {
      if (error !== null) fail(steps[answers.length]?.failure(error, blockers) ?? error);
    }, fail)
    .finally(() => clearTimeout(look));
  return (count) =>
    new Promise((resolve, reject) => {
      waiting = [...waiting, { count, resolve, reject }];
      tell();
    });
}
