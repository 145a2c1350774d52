/** What follows a batch: after success the next one, after trouble a smaller one, the range read again, or the end. */
import type { JobOutcome } from '#ports';
import type { Span } from './access.js';
import { readRange } from './claim.js';
import { type Course, isOver, type Next, rest } from './course.js';
import { BackfillStoppedError } from './errors.js';
import { afterMoved, afterUnit, cut, movedTo, type Position, slower } from './position.js';
import { backfillOf, replanLeaf } from './ranges.js';
import { moveByRow, putAsideSuppressed, type RowsOutcome } from './rows.js';
import { type Moved, send } from './send.js';
import { isInside } from './strides.js';
import { isTableLocked } from './table-lock.js';
import { type Trouble, troubleOf } from './trouble.js';

const MAX_ATTEMPTS = 5;
const TABLE_LOCK_POLL_MS = 1_000;
const RECONNECT_TRIES = 10;

export async function afterSuccess(
  course: Course,
  position: Position,
  span: Span,
  moved: Moved,
): Promise<Next> {
  const { walk } = course;
  const { rows, milliseconds, settings, rank, done } = moved;
  walk.emit('batch:committed', {
    migration: walk.migration,
    rows,
    blocks: isInside(span) ? 0 : span.hi - span.lo,
    seconds: milliseconds / 1_000,
  });
  if (done) return 'done';
  return rank >= settings.concurrency ? 'yielded' : afterMoved(walk.range, position, span, moved);
}

/**
 * Rows that a trigger keeps as they were would make every sweep find them again. From the second sweep on they are put
 * aside, which needs the range still to be ours: so the batch leaves the cursor where it is, and the blocks are closed
 * afterwards.
 */
export async function afterLateSweep(
  course: Course,
  position: Position,
  span: Span,
  moved: Moved,
): Promise<Next> {
  const { walk } = course;
  if (moved.suppressed > 0) {
    const outcome = await putAsideSuppressed(walk, span, () => !isOver(course));
    if (outcome !== null) return afterRowsOutcome(course, position, outcome);
  }
  const closed = await send(walk, { kind: 'close', span, left: 0 });
  if (closed.kind === 'fenced') return whereItStands(course, position);
  if (closed.kind === 'failed') return afterTrouble(course, position, span, closed.trouble);
  return afterSuccess(course, position, span, { ...moved, done: closed.done });
}

export async function afterTrouble(
  course: Course,
  position: Position,
  span: Span,
  trouble: Trouble,
): Promise<Next> {
  const { walk, deps, signal } = course;
  const told = (outcome: 'retried' | 'split' | 'failed') =>
    walk.emit('batch:failed', { migration: walk.migration, outcome, sqlstate: trouble.sqlstate });
  switch (trouble.kind) {
    case 'connection':
      told('retried');
      return afterLostConnection(course, position);
    case 'shortage':
      told('retried');
      return position;
    case 'stop':
      told('failed');
      return afterStop(course, position, trouble);
    case 'locked':
      told('retried');
      if (!position.careful) return { ...position, careful: true };
      return (await afterTableLock(course, position)) ?? divide(course, position, span);
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
  const outcome = await moveByRow(walk, span, () => !isOver(course));
  if (outcome.kind !== 'moved') return afterRowsOutcome(course, position, outcome);
  return outcome.done ? 'done' : afterUnit(walk.range, position, span);
}

export async function afterRowsOutcome(
  course: Course,
  position: Position,
  outcome: Exclude<RowsOutcome, null>,
): Promise<Next> {
  if (outcome.kind === 'interrupted') return 'yielded';
  if (outcome.kind === 'fenced') return whereItStands(course, position);
  if (outcome.trouble.kind === 'connection') return afterLostConnection(course, position);
  const waited = outcome.trouble.kind === 'locked' ? await afterTableLock(course, position) : null;
  if (waited !== null) return waited;
  // Reading a block's rows may time out or meet a lock as a batch may: the same block again, a bounded number of times.
  if (outcome.trouble.kind !== 'stop' && position.attempts < MAX_ATTEMPTS) {
    return { ...position, attempts: position.attempts + 1 };
  }
  return afterStop(course, position, outcome.trouble);
}

/** Null: no lock on the table is in the way, but one on a row. */
async function afterTableLock(course: Course, position: Position): Promise<Next | null> {
  try {
    const { run, walk } = course;
    if (!(await isTableLocked(walk.database, walk.range, backfillOf(run, walk.range.backfill)))) return null;
  } catch (error) {
    if (troubleOf(error).kind !== 'connection') throw error;
    return afterLostConnection(course, position);
  }
  await rest(course, TABLE_LOCK_POLL_MS);
  return position;
}

/** The rows of a batch could not be looked up: nothing was sent. */
export async function afterUnlocated(course: Course, position: Position, trouble: Trouble): Promise<Next> {
  return afterRowsOutcome(course, trouble.kind === 'timeout' ? slower(position) : position, {
    kind: 'failed',
    trouble,
  });
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
  const next = movedTo(position, state.cursor, state.key);
  return next.attempts > MAX_ATTEMPTS ? 'yielded' : next;
}

export async function whereItStands(course: Course, position: Position): Promise<Next> {
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
