/**
 * The leader: holds the lease, renews it, and drives every run that is alive. Several may be started; one leads. A leader
 * that cannot renew cancels its own statements, since somebody else may already be doing their work.
 */
import { sqlstateOf } from '#core/sqlstate';
import type { Fence, RunRow } from '#ports';
import { type Blocked, blockedAgain, isPastDeadline } from './backoff.js';
import type { SchedulerDeps } from './deps.js';
import type { Outcome } from './perform.js';
import { tick } from './tick.js';
import { keepVacuuming } from './vacuuming.js';

const TICK_MS = 250;
const RENEW_MS = 3000;
const ACQUIRE_MS = 1000;

/** Leads whenever it can, until `signal` is aborted. Resolves when the lease is given back and nothing of ours runs. */
export async function lead(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const fence = await deps.lease.acquire().catch(() => null);
    if (fence === null) await deps.sleep(ACQUIRE_MS, signal);
    else await leadOnce(deps, fence, signal);
  }
}

async function leadOnce(deps: SchedulerDeps, fence: Fence, signal: AbortSignal): Promise<void> {
  const lost = new AbortController();
  const either = AbortSignal.any([signal, lost.signal]);
  deps.emit('leader:changed', { leading: true, epoch: fence.epoch });
  const renewing = keepRenewing(deps, fence, lost, either);
  const vacuuming = keepVacuuming(deps, either);
  await driveAll(deps, fence, either);
  lost.abort();
  await Promise.all([renewing, vacuuming]);
  await deps.lease.release(fence).catch(() => undefined);
  deps.emit('leader:changed', { leading: false, epoch: fence.epoch });
}

async function keepRenewing(
  deps: SchedulerDeps,
  fence: Fence,
  lost: AbortController,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    await deps.sleep(RENEW_MS, signal);
    if (signal.aborted) return;
    const renewed = await deps.lease.renew(fence).catch(() => null);
    failures = renewed === null ? failures + 1 : 0;
    // Two missed renewals leave less than a tick of the lease's ten seconds: from here on we may not be the leader.
    if (renewed === false || failures >= 2) lost.abort();
  }
}

/** Drives each alive run by itself, so that one run's long index build never holds up another run. */
async function driveAll(deps: SchedulerDeps, fence: Fence, signal: AbortSignal): Promise<void> {
  const busy = new Map<number, Promise<void>>();
  const blocked = new Map<number, Blocked>();
  while (!signal.aborted) {
    const runs = await deps.store.alive().catch((): readonly RunRow[] => []);
    for (const run of runs.filter((r) => !busy.has(r.id))) {
      if ((blocked.get(run.id)?.retryAt ?? 0) > Date.now()) continue;
      const driving = drive(deps, run, runs, fence, signal, blocked)
        .catch((error: unknown) => passing(deps, run, error, blocked))
        .finally(() => busy.delete(run.id));
      busy.set(run.id, driving);
    }
    await deps.sleep(TICK_MS, signal);
  }
  await Promise.all(busy.values());
}

async function drive(
  deps: SchedulerDeps,
  run: RunRow,
  runs: readonly RunRow[],
  fence: Fence,
  signal: AbortSignal,
  blocked: Map<number, Blocked>,
): Promise<void> {
  for (let current: RunRow | null = run; current !== null && !signal.aborted; ) {
    const outcome = await tick(deps, current, runs, fence, signal);
    if (outcome.kind === 'blocked') return onBlocked(deps, current, outcome, fence, blocked);
    blocked.delete(run.id);
    if (outcome.kind === 'idle') return;
    current = await deps.store.runById(run.id);
  }
}

/** A lost connection, a server that restarts: the run is tried again, later each time. */
function passing(deps: SchedulerDeps, run: RunRow, error: unknown, blocked: Map<number, Blocked>): void {
  deps.emit('postgres:error', { operation: 'control', sqlstate: sqlstateOf(error) ?? 'none' });
  blocked.set(run.id, blockedAgain(blocked.get(run.id) ?? null, Date.now(), deps.random()));
}

async function onBlocked(
  deps: SchedulerDeps,
  run: RunRow,
  outcome: Extract<Outcome, { kind: 'blocked' }>,
  fence: Fence,
  blocked: Map<number, Blocked>,
): Promise<void> {
  const again = blockedAgain(blocked.get(run.id) ?? null, Date.now(), deps.random());
  blocked.set(run.id, again);
  if (!isPastDeadline(again, Date.now(), deps.ddlDeadlineSeconds)) return;
  blocked.delete(run.id);
  // Contracting cannot be paused; it goes on waiting, and says for whom.
  if (run.state.kind === 'contracting' || run.state.kind === 'rolling_back') return;
  const who = outcome.blockers
    .map((b) => `pid ${b.pid} (${b.application || b.user}, ${Math.round(b.ageSeconds)} s)`)
    .join(', ');
  const reason = `${outcome.step.title} could not get its lock for ${deps.ddlDeadlineSeconds} s${who === '' ? '' : `; held by ${who}`}`;
  await deps.store
    .transition(run, { kind: 'pause', by: 'bellows', reason }, deps.actor, fence)
    .catch(() => undefined);
}
