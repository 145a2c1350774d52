/** Walks one range: claim, batches, release. The range row is the truth; nothing here is trusted across a failure. */

import type { ServerFacts } from '#core/catalogue-facts';
import type { Emit } from '#core/events';
import type { Database, JobOutcome, RangeJob, RunRow, RunStore } from '#ports';
import { renderBatches } from './batch.js';
import { beat, type ClaimedRange, claim, readRange, release } from './claim.js';
import type { Clock } from './clock.js';
import { BackfillStoppedError } from './errors.js';
import { batchLimits } from './limits.js';
import {
  afterBlock,
  afterMoved,
  cut,
  movedTo,
  nextSpan,
  type Position,
  slower,
  startPosition,
} from './position.js';
import { backfillOf, FIRST_SWEEP, replanLeaf } from './ranges.js';
import { moveBlock, putAsideSuppressed, type RowsOutcome } from './rows.js';
import { type Moved, type Span, send, type Walk } from './send.js';
import { lastBatchBlocks, primaryKeyOf } from './start-facts.js';
import type { Throttle } from './throttle/throttle.js';
import { type Trouble, troubleOf } from './trouble.js';

export interface WalkDeps {
  readonly database: Database;
  readonly store: Pick<RunStore, 'runById'>;
  readonly server: ServerFacts;
  /** UUID of this worker; a new one for each process. */
  readonly holder: string;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly emit: Emit;
}

const BUDGET_MS = 20_000;
/** Well below the 10 s after which a claim without a beat may be taken over. */
const BEAT_MS = 2_000;
const HOLD_POLL_MS = 1_000;
const MAX_ATTEMPTS = 5;
const RECONNECT_TRIES = 10;

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
    const facts = [prepare(deps, run, range), lastBatchBlocks(deps.database, range)] as const;
    const [walk, lastBlocks] = await Promise.all(facts);
    return await walkClaimed({ deps, run, signal, deadline, walk }, lastBlocks);
  } finally {
    // Without a connection the claim runs out by itself.
    await release(deps.database, range).catch(() => undefined);
  }
}

interface Course {
  readonly deps: WalkDeps;
  readonly run: RunRow;
  readonly walk: Walk;
  readonly signal: AbortSignal;
  readonly deadline: number;
}
type Next = Position | JobOutcome;

async function prepare(deps: WalkDeps, run: RunRow, range: ClaimedRange): Promise<Walk> {
  const backfill = backfillOf(run, range.backfill);
  const { runId, leaf, leafOid } = range;
  const primaryKey = await primaryKeyOf(deps.database, leafOid);
  return {
    database: deps.database,
    clock: deps.clock,
    emit: deps.emit,
    migration: run.migration,
    range,
    sql: renderBatches({ runId, leaf, leafOid, backfill, primaryKey }),
    limits: batchLimits(deps.server, backfill.triggers),
  };
}

async function walkClaimed(course: Course, lastBlocks: number | null): Promise<JobOutcome> {
  let next: Next = startPosition(course.walk.range, course.run.pace, lastBlocks);
  while (typeof next !== 'string') {
    if (isOver(course)) return 'yielded';
    const position: Position = next;
    if (!(await mayGo(course, position))) continue;
    next = await advance(course, position);
  }
  return next;
}

function isOver({ signal, deps, deadline }: Course): boolean {
  return signal.aborted || deps.clock.now() >= deadline;
}

/** Waits for the rate cap and for holds, a little at a time; false: ask again. */
async function mayGo(course: Course, position: Position): Promise<boolean> {
  const { deps, run } = course;
  const dueIn = position.rate.nextAt - deps.clock.now();
  if (dueIn > 0) {
    await rest(course, dueIn);
    return false;
  }
  const holds = await deps.throttle.check({ id: run.id, migration: run.migration });
  if (holds.length === 0) return true;
  await rest(course, HOLD_POLL_MS);
  return false;
}

async function rest({ walk, deps, deadline, signal }: Course, ms: number): Promise<void> {
  const remaining = Math.max(0, deadline - deps.clock.now());
  await deps.clock.sleep(Math.min(ms, BEAT_MS, remaining), signal);
  // A beat that does not arrive at worst lets another walker take over, and the fence then tells us.
  if (ms > BEAT_MS / 4) await beat(walk.database, walk.range).catch(() => undefined);
}

async function advance(course: Course, position: Position): Promise<Next> {
  const { walk } = course;
  const span = nextSpan(walk.range, position);
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

async function afterSuccess(course: Course, position: Position, span: Span, moved: Moved): Promise<Next> {
  const { walk } = course;
  const { rows, milliseconds, settings, rank } = moved;
  walk.emit('batch:committed', {
    migration: walk.migration,
    rows,
    blocks: span.hi - span.lo,
    seconds: milliseconds / 1_000,
  });
  if (span.hi >= walk.range.hi) return 'done';
  return rank >= settings.concurrency ? 'yielded' : afterMoved(walk.range, position, span, moved);
}

/**
 * Rows that a trigger keeps as they were would make every sweep find them again. From the second sweep on they are put
 * aside, which needs the range still to be ours: so the batch leaves the cursor where it is, and the blocks are closed
 * afterwards.
 */
async function afterLateSweep(course: Course, position: Position, span: Span, moved: Moved): Promise<Next> {
  const { walk } = course;
  if (moved.suppressed > 0) {
    const outcome = await putAsideSuppressed(walk, span, () => !isOver(course));
    if (outcome !== null) return afterRowsOutcome(course, position, outcome);
  }
  const closed = await send(walk, { kind: 'close', span, left: 0 });
  if (closed.kind === 'fenced') return whereItStands(course, position);
  if (closed.kind === 'failed') return afterTrouble(course, position, span, closed.trouble);
  return afterSuccess(course, position, span, moved);
}

function isLateSweep(range: ClaimedRange): boolean {
  return range.pass > FIRST_SWEEP;
}

async function afterTrouble(course: Course, position: Position, span: Span, trouble: Trouble): Promise<Next> {
  const { walk, deps, signal } = course;
  const told = (outcome: 'retried' | 'split' | 'failed') =>
    walk.emit('batch:failed', { migration: walk.migration, outcome, sqlstate: trouble.sqlstate });
  switch (trouble.kind) {
    case 'connection':
      told('retried');
      return afterLostConnection(course, position);
    case 'stop':
      told('failed');
      return afterStop(course, position, trouble);
    case 'locked':
      told('retried');
      if (!position.careful) return { ...position, careful: true };
      return divide(course, position, span);
    case 'conflict':
      told('retried');
      await deps.clock.sleep(20 * 2 ** position.attempts, signal);
      if (position.attempts < MAX_ATTEMPTS) return { ...position, attempts: position.attempts + 1 };
      return divide(course, { ...position, careful: true }, span);
    case 'timeout':
      told('split');
      return divide(course, slower(position), span);
    case 'data':
      told('split');
      return divide(course, position, span);
  }
}

async function divide(course: Course, position: Position, span: Span): Promise<Next> {
  const { walk } = course;
  const divided = cut(position, span);
  if (divided !== null) return divided;
  const outcome = await moveBlock(walk, span.lo, () => !isOver(course));
  if (outcome !== null) return afterRowsOutcome(course, position, outcome);
  return span.hi >= walk.range.hi ? 'done' : afterBlock(walk.range, position);
}

async function afterRowsOutcome(
  course: Course,
  position: Position,
  outcome: Exclude<RowsOutcome, null>,
): Promise<Next> {
  if (outcome.kind === 'interrupted') return 'yielded';
  if (outcome.kind === 'fenced') return whereItStands(course, position);
  if (outcome.trouble.kind === 'connection') return afterLostConnection(course, position);
  // Reading a block's rows may time out or meet a lock as a batch may: the same block again, a bounded number of times.
  if (outcome.trouble.kind !== 'stop' && position.attempts < MAX_ATTEMPTS) {
    return { ...position, attempts: position.attempts + 1 };
  }
  return afterStop(course, position, outcome.trouble);
}

/** What the range row says now; an acknowledged batch may be gone after a crash, and the cursor back with it. */
async function readBack(course: Course, position: Position): Promise<Next> {
  const { walk, run, deps } = course;
  const state = await readRange(walk.database, walk.range);
  if (state === null) return 'stale';
  if (!state.open) return 'done';
  if (!state.ours || !state.backfilling) return 'stale';
  if (state.rewritten) {
    const { backfill, pass, leafOid } = walk.range;
    await replanLeaf(deps, run, backfill, pass, leafOid);
    return 'stale';
  }
  const next = movedTo(position, state.cursor);
  return next.attempts > MAX_ATTEMPTS ? 'yielded' : next;
}

async function whereItStands(course: Course, position: Position): Promise<Next> {
  try {
    return await readBack(course, position);
  } catch (error) {
    if (troubleOf(error).kind !== 'connection') throw error;
    return afterLostConnection(course, position);
  }
}

/** DDL of a rollback may have come first, or the leaf may be gone: then this is no failure of the backfill. */
async function afterStop(course: Course, position: Position, trouble: Trouble): Promise<JobOutcome> {
  const next = await whereItStands(course, position);
  if (typeof next === 'string' && next !== 'yielded') return next;
  throw new BackfillStoppedError(course.run.migration, course.walk.range.leaf, trouble);
}

/** Bounded: the budget and the number of tries; then the job is given back and made again from the ledger. */
async function afterLostConnection(course: Course, position: Position): Promise<Next> {
  const { deps, signal } = course;
  for (let attempt = 0; attempt < RECONNECT_TRIES && !isOver(course); attempt += 1) {
    await deps.clock.sleep(Math.min(2_000, 50 * 2 ** attempt), signal);
    const next = await readBack(course, position).catch(() => null);
    if (next !== null) return next;
  }
  return 'yielded';
}
