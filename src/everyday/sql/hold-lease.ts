/**
 * The right to run plain SQL: a lease row of its own. It cannot be left behind by a kill, since it runs out; it needs no session, so
 * that a pooler may stand between; and nobody waits for it inside a transaction, so that CONCURRENTLY never waits for a waiter
 * (a runner that blocks in pg_advisory_lock holds a snapshot, and PostgreSQL then sees a deadlock).
 */
import { BellowsError, EXIT, FencedError } from '#core/errors';
import type { Emit } from '#core/events';
import type { Fence, Lease } from '#ports';

const ACQUIRE_MS = 250;
const RENEW_MS = 3000;

export interface LeaseDeps {
  readonly lease: Lease;
  readonly emit: Emit;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** How long another runner is waited for. */
  readonly waitMs: number;
}

/** Waits for the lease, works under it, gives it back. `signal` of `work` is also aborted when the lease is lost. */
export async function holdingLease<R>(
  deps: LeaseDeps,
  signal: AbortSignal,
  work: (fence: Fence, signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const fence = await acquire(deps, signal);
  const [ended, lost] = [new AbortController(), new AbortController()];
  const renewing = keepRenewing(deps, fence, lost, AbortSignal.any([signal, ended.signal]));
  try {
    return await work(fence, AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    // What was cancelled says so in its own words; that it was meant is what counts.
    if (signal.aborted) throw signal.reason;
    if (lost.signal.aborted)
      throw new FencedError(
        'The right to run plain SQL migrations was lost: it could not be renewed in time.',
      );
    throw error;
  } finally {
    ended.abort();
    await renewing;
    await deps.lease.release(fence).catch(() => undefined);
  }
}

async function acquire({ lease, emit, sleep, waitMs }: LeaseDeps, signal: AbortSignal): Promise<Fence> {
  const deadline = performance.now() + waitMs;
  let told = '';
  for (;;) {
    const fence = await lease.acquire();
    if (fence !== null) return fence;
    const holder = (await lease.holder())?.process ?? '';
    if (holder !== '' && holder !== told) emit('sql:waiting', { holder });
    told = holder;
    if (performance.now() >= deadline) throw busy(holder, waitMs);
    await sleep(ACQUIRE_MS, signal);
    signal.throwIfAborted();
  }
}

async function keepRenewing(
  { lease, sleep }: LeaseDeps,
  fence: Fence,
  lost: AbortController,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    await sleep(RENEW_MS, signal);
    if (signal.aborted) return;
    const renewed = await lease.renew(fence).catch(() => null);
    failures = renewed === null ? failures + 1 : 0;
    if (renewed === false || failures >= 2) lost.abort();
  }
}

function busy(holder: string, waitMs: number): BellowsError {
  return new BellowsError(
    'BELLOWS_SQL_BUSY',
    {
      what: `${holder === '' ? 'Another process' : holder} is running plain SQL migrations on this database.`,
      why: `It was waited for ${Math.round(waitMs / 1000)} s.`,
      left: 'Nothing was changed.',
      next: 'Run the command again when it has ended, or wait longer: --lock-wait 30m',
    },
    { holder },
    EXIT.busy,
  );
}
