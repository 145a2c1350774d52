import type { Operations } from '#api';

/** What only looks; however many pages are open, the database is asked once. */
export interface Looks {
  readonly status: Operations['status'];
  readonly statusOf: Operations['statusOf'];
  readonly walk: Operations['walk'];
  readonly knobs: Operations['knobs'];
  readonly history: (migration: string | undefined, limit: number) => ReturnType<Operations['history']>;
  readonly quarantine: Operations['quarantine']['list'];
  /** To be called after each change, so that whoever made it sees it. */
  forget(): void;
}

/** As often as an open page asks: it then costs a backfill about a hundredth of its processor time, however many are open. */
const KEEP_MS = 2_000;
/** Charts change slowly, and are the dearest to read. */
const KEEP_WALK_MS = 4_000;
const MAX_KEPT = 200;

/**
 * One answer for all who ask within two seconds. A look that does not end is waited for by all and never begun again: each
 * would hold a connection.
 */
export function createLooks(verbs: Operations, now: () => number = () => performance.now()): Looks {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();
  const ask = <T>(key: string, keepMs: number, read: () => Promise<T>): Promise<T> => {
    const known = kept.get(key);
    if (known !== undefined && now() - known.at < keepMs) return known.answer as Promise<T>;
    if (kept.size >= MAX_KEPT) kept.clear();
    const answer = read();
    // While it runs it is the answer of all, however long that takes; its age counts from its end.
    kept.set(key, { at: Number.POSITIVE_INFINITY, answer });
    const ended = () => {
      if (kept.get(key)?.answer === answer) kept.set(key, { at: now(), answer });
    };
    answer.then(ended, () => kept.delete(key));
    return answer;
  };
  return {
    status: () => ask('status', KEEP_MS, () => verbs.status()),
    statusOf: (id) => ask(`one ${id}`, KEEP_MS, () => verbs.statusOf(id)),
    walk: (id) => ask(`walk ${id}`, KEEP_WALK_MS, () => verbs.walk(id)),
    knobs: (id) => ask(`knobs ${id}`, KEEP_MS, () => verbs.knobs(id)),
    history: (id, limit) =>
      ask(`history ${limit} ${id ?? ''}`, KEEP_MS, () =>
        verbs.history({ limit, ...(id === undefined ? {} : { migration: id }) }),
      ),
    quarantine: (id) => ask(`quarantine ${id ?? ''}`, KEEP_MS, () => verbs.quarantine.list(id)),
    forget: () => kept.clear(),
  };
}
