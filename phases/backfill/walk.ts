/** Walks one range: claim, batches, release. The range row is the truth; nothing here is trusted across a failure. */

import { type BackfillPlan, filledColumns } from '#core/plan';
import type { JobOutcome, RangeJob, RunRow } from '#ports';
import { afterLateSweep, afterSuccess, afterTrouble, afterUnlocated, whereItStands } from './after-batch.js';
import { renderBatches } from './batch.js';
import { type ClaimedRange, claim, release } from './claim.js';
import { type Course, isOver, type Next, rest, type WalkDeps } from './course.js';
import { batchLimits } from './limits.js';
import { locate } from './locate.js';
import { FIRST_SWEEP } from './plan-pass.js';
import { nextSpan, type Position, startPosition } from './position.js';
import { backfillOf } from './ranges.js';
import { send, type Walk } from './send.js';
import { lastBatchBlocks, primaryKeyOf } from './start-facts.js';
import { mayStride } from './strides.js';
import { walkTransform } from './transform/flow.js';
import { givenColumns } from './transform/given-columns.js';

const BUDGET_MS = 20_000;
const HOLD_POLL_MS = 1_000;

/**
 * Walks a range for at most `budgetMs` (default 20 s) and returns `done`, `yielded` (there is more to do), or `stale`
 * (nothing to do for this delivery: claimed by another, finished, replanned, or the run is not backfilling).
 * An aborted signal ends it after the batch in flight.
 *
 * Throws `BELLOWS_BACKFILL_STOPPED` when a batch fails for a reason that neither waiting nor splitting removes.
 */
export async function walkRange(
  deps: WalkDeps,
  job: RangeJob,
  signal: AbortSignal,
  budgetMs: number = BUDGET_MS,
): Promise<JobOutcome> {
  const deadline = deps.clock.now() + budgetMs;
  const run = await deps.store.runById(job.runId);
  if (run === null || signal.aborted) return run === null ? 'stale' : 'yielded';
  const range = await claim(deps.database, job, deps.holder);
  if (range === null) return 'stale';
  try {
    const backfill = backfillOf(run, range.backfill);
    const lanes = lanesOf(backfill);
    const facts = [
      prepare(deps, run, { range, backfill, lanes }),
      lastBatchBlocks(deps.database, range, lanes),
    ] as const;
    const [walk, lastBlocks] = await Promise.all(facts);
    const watched = { id: run.id, migration: run.migration, table: backfill.table };
    return await walkClaimed({ deps, run, signal, deadline, walk, watched }, lastBlocks);
  } finally {
    // Without a connection the claim runs out by itself.
    await release(deps.database, range).catch(() => undefined);
  }
}

interface Claimed {
  readonly range: ClaimedRange;
  readonly backfill: BackfillPlan;
  readonly lanes: number;
}

async function prepare(deps: WalkDeps, run: RunRow, { range, backfill, lanes }: Claimed): Promise<Walk> {
  const { runId, leaf, leafOid } = range;
  const primaryKey = await primaryKeyOf(deps.database, leafOid);
  const sql = renderBatches({ runId, leaf, leafOid, backfill, primaryKey, access: range.access });
  return {
    database: deps.database,
    clock: deps.clock,
    emit: deps.emit,
    migration: run.migration,
    range,
    sql,
    limits: batchLimits(deps.server, backfill.triggers),
    // Only the walk itself: later passes find a few rows here and there.
    strided:
      range.pass < FIRST_SWEEP &&
      sql.strided !== null &&
      (await mayStride(deps.database, range, writtenBy(backfill))),
    lanes,
  };
}

/** More of them make the turns small; with fewer than are read ahead the room is found a little later. */
const MOST_LANES = 8;

/** Turn `n` is read once turn `n - concurrency - 2` is committed. */
function lanesOf(backfill: BackfillPlan): number {
  const transform = backfill.kind === 'synced' ? backfill.transform : undefined;
  return transform === undefined ? 1 : Math.min(MOST_LANES, transform.concurrency + 2);
}

function writtenBy(backfill: BackfillPlan): readonly string[] {
  const marker = backfill.kind === 'synced' ? [backfill.marker] : [];
  return [...filledColumns(backfill).map(({ name }) => name), ...marker];
}

async function walkClaimed(course: Course, lastBlocks: number | null): Promise<JobOutcome> {
  const start = startPosition(course.walk.range, course.run.pace, lastBlocks);
  const { run, deps, walk } = course;
  const backfill = backfillOf(run, walk.range.backfill);
  if (backfill.kind === 'synced' && backfill.transform !== undefined) {
    const transform = await deps.transforms(run, backfill.index);
    const go = (position: Position) => mayGo(course, position);
    const columns = givenColumns(backfill.transform.write);
    return walkTransform({ course, plan: backfill.transform, columns, transform, mayGo: go }, start);
  }
  let next: Next = start;
  while (typeof next !== 'string') {
    if (isOver(course)) return 'yielded';
    const position: Position = next;
    if (!(await mayGo(course, position))) continue;
    next = await advance(course, position);
  }
  return next;
}

/** Waits for the rate cap and for holds, a little at a time; false: ask again. */
async function mayGo(course: Course, position: Position): Promise<boolean> {
  const { deps } = course;
  const dueIn = position.rate.nextAt - deps.clock.now();
  if (dueIn > 0) {
    await rest(course, dueIn);
    return false;
  }
  const holds = await deps.throttle.check(course.watched, position.settings);
  if (holds.length === 0) return true;
  await rest(course, HOLD_POLL_MS);
  return false;
}

async function advance(course: Course, position: Position): Promise<Next> {
  const { walk } = course;
  const span = await locate(walk, position.key, nextSpan(walk, position));
  if ('kind' in span) return afterUnlocated(course, position, span.trouble);
  const stay = isLateSweep(walk.range);
  const sent = await send(walk, { kind: 'span', span, careful: position.careful, stay });
  switch (sent.kind) {
    case 'moved':
      return stay ? afterLateSweep(course, position, span, sent) : afterSuccess(course, position, span, sent);
    case 'fenced':
      walk.emit('batch:failed', { migration: walk.migration, outcome: 'fenced', sqlstate: '00000' });
      return whereItStands(course, position);
    case 'failed':
      return afterTrouble(course, position, span, sent.trouble);
  }
}

function isLateSweep(range: ClaimedRange): boolean {
  return range.pass > FIRST_SWEEP;
}
