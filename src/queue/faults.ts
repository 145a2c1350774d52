import { codeOf } from './reports.js';

const SAME_ERRORS = 5;
const WINDOW_MS = 1_000;

/**
 * What a worker does about an error of its queue.
 *
 * - `ignore`: it comes at the pace of somebody's back-off already, or not often enough to matter.
 * - `rest`: it came 5 times within a second and time may cure it: take no jobs for a while.
 * - `stop`: it came 5 times within a second and time cures it not.
 */
export type Verdict = 'ignore' | 'rest' | 'stop';

/**
 * BullMQ's worker asks again at once after nearly any error: thousands of times a minute where a function is missing,
 * hundreds a second while a server starts. One judge per worker; `now` in milliseconds.
 */
export function faultJudge(): (error: unknown, text: string, now: number) => Verdict {
  const seen = new Map<string, readonly number[]>();
  return (error, text, now) => {
    if (refused(error, text)) return 'ignore';
    for (const [other, times] of seen) if (now - (times.at(-1) ?? 0) > WINDOW_MS) seen.delete(other);
    const times = [...(seen.get(text) ?? []), now].filter((time) => now - time <= WINDOW_MS);
    seen.set(text, times);
    if (times.length < SAME_ERRORS) return 'ignore';
    seen.delete(text);
    return passes(error, text) ? 'rest' : 'stop';
  };
}

/** Nobody listens there: ioredis and BullMQ wait between their tries of this one. */
function refused(error: unknown, text: string): boolean {
  return codeOf(error) === 'ECONNREFUSED' || text.includes('ECONNREFUSED');
}

/** SQLSTATE classes and codes of a server that starts, stops, fails over, is full or is busy. */
const PASSING_SQLSTATE = /^(08...|53...|57...|40...|55P03|25006)$/;
const PASSING_ERRNO = /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST\w+|ENET\w+)$/;
/** First words of Redis' replies in the same situations. */
const PASSING_REPLY =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|OOM|MISCONF|BUSY|NOREPLICAS|UNBLOCKED)\b/;
const PASSING_MESSAGE =
  /connection (is closed|terminated|ended)|not queryable|time(d )?out|max retries per request|isn't writeable/i;

function passes(error: unknown, text: string): boolean {
  const code = codeOf(error) ?? '';
  return (
    PASSING_SQLSTATE.test(code) ||
    PASSING_ERRNO.test(code) ||
    PASSING_REPLY.test(text) ||
    PASSING_MESSAGE.test(text)
  );
}
