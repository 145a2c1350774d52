/** Back-off for DDL that could not get its lock: exponential with full jitter, so that retries do not march in step. Pure. */
export interface Blocked {
  /** Milliseconds since the epoch of the first failed attempt. */
  readonly since: number;
  readonly attempts: number;
  readonly retryAt: number;
}

const BASE_MS = 250;
const CAP_MS = 15_000;

export function blockedAgain(before: Blocked | null, now: number, random: number): Blocked {
  const attempts = (before?.attempts ?? 0) + 1;
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempts, 10));
  return { since: before?.since ?? now, attempts, retryAt: now + BASE_MS + random * ceiling };
}

export function isPastDeadline(blocked: Blocked, now: number, deadlineSeconds: number): boolean {
  return now - blocked.since > deadlineSeconds * 1000;
}
