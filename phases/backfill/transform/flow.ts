/**
 * Reading, transforming and writing of one range, all at the same time: while the rows of one span are written, those of the
 * next are with user code and those of a third are read. Spans are written in their order, so the cursor of the range means
 * the same as in any walk, and whoever takes over begins there.
 */
import type { Transform } from '#core/definition';
import type { EventMap } from '#core/events';
import type { TransformPlan } from '#core/plan';
import type { JobOutcome } from '#ports';
import type { Span } from '../access.js';
import { afterRowsOutcome, afterSuccess } from '../after-batch.js';
import { beat } from '../claim.js';
import { type Course, isOver, type Next } from '../course.js';
import { locate } from '../locate.js';
import { nextSpan, type Position, sizeOf, strideAfter } from '../position.js';
import { GUESSED_ROWS_PER_BLOCK } from '../rate.js';
import { isInside } from '../strides.js';
import { type Answer, answersFor, bounded, type Caller } from './call.js';
import { type Encoded, encode } from './encode.js';
import type { GivenColumn } from './given-columns.js';
import { limited } from './limited.js';
import { type Chunk, MOST_ROWS, type ReadChunk, readChunk } from './read.js';
import { write } from './write.js';

/** What a walk of a transform needs beside the walk. */
export interface TransformCourse {
  readonly course: Course;
  readonly plan: TransformPlan;
  readonly columns: readonly GivenColumn[];
  readonly transform: Transform;
  /** The walk's answer to "go on?": waits for the rate cap and for holds. */
  readonly mayGo: (position: Position) => Promise<boolean>;
}

/** Well below the time after which a claim without a beat may be taken over: user code takes its time. */
const BEAT_MS = 2_000;

export async function walkTransform(parts: TransformCourse, start: Position): Promise<JobOutcome> {
  const { walk } = parts.course;
  const beating = setInterval(() => void beat(walk.database, walk.range).catch(() => undefined), BEAT_MS);
  try {
    // What is read at a time is bounded anyway, so there is no size to grow to.
    let next: Next = { ...start, settled: true };
    while (typeof next !== 'string') {
      if (isOver(parts.course)) return 'yielded';
      next = await flow(parts, next);
    }
    return next;
  } finally {
    clearInterval(beating);
  }
}

/** Not its rows as they were read: those may go as soon as user code has answered. */
interface Flying extends Omit<Chunk, 'rows'> {
  readonly kind: 'flying';
  readonly answer: Promise<Encoded>;
}
type Fetched = Flying | Extract<ReadChunk, { readonly kind: 'failed' }>;

/** Until the range is done, the job has to end, or it is to be begun again from a position that was read back. */
async function flow(parts: TransformCourse, start: Position): Promise<Next> {
  const { course, plan } = parts;
  const left = new AbortController();
  const ask = asking(parts, AbortSignal.any([course.signal, left.signal]));
  // User code gets the rows when they come, not when the write before them has ended.
  const fetch = async (from: Position): Promise<Fetched> => {
    const chunk = await read(parts, from);
    if (chunk.kind === 'failed') return chunk;
    const { span, more, rows } = chunk;
    return { kind: 'flying', span, more, answer: ask(rows) };
  };
  const flying: Flying[] = [];
  let position = start;
  // What is read ahead is still written; what follows is read in parts of another size.
  let leaving = false;
  let reading: Promise<Fetched> | null = fetch(position);
  try {
    for (;;) {
      while (reading !== null && flying.length <= plan.concurrency) {
        const fetched: Fetched = await reading;
        if (fetched.kind === 'failed') return await afterRowsOutcome(course, position, fetched);
        flying.push(fetched);
        reading = leaving || isLast(course, fetched) ? null : fetch(ahead(position, fetched.span));
      }
      const first = flying.shift();
      if (first === undefined) return leaving ? position : 'done';
      while (!(await parts.mayGo(position))) if (isOver(course)) return 'yielded';
      const next = await finish(parts, position, first);
      if (typeof next === 'string' || next.attempts > 0) return next;
      if (isOver(course)) return 'yielded';
      position = next;
      leaving ||= isGivenUp(position, first);
      if (first.more) reading = fetch(position);
    }
  } finally {
    left.abort();
    await reading?.catch(() => undefined);
  }
}

function read(parts: TransformCourse, position: Position): Promise<ReadChunk> {
  const { walk } = parts.course;
  const names = parts.plan.read.map(({ name }) => name);
  const rowsPerBlock =
    walk.range.access.kind === 'blocks' ? (position.rowsPerBlock ?? GUESSED_ROWS_PER_BLOCK) : 1;
  const most = Math.max(1, Math.floor(MOST_ROWS / Math.max(1, rowsPerBlock)));
  const pace = { ...position.pace, blocks: Math.min(position.pace.blocks, most) };
  const span = nextSpan(walk, { ...position, pace });
  return staged(parts.course, 'read', async () => {
    const found = await locate(walk, position.key, span);
    return 'kind' in found ? found : readChunk(walk, names, found);
  });
}

/** Where the next span, or the next turn of it, begins, before this one is written. */
function ahead(position: Position, span: Span): Position {
  const { lo, hi, keys } = span;
  if (isInside(span)) return { ...position, cursor: lo, striding: strideAfter(span) };
  const bounds = position.bounds.filter((bound) => bound > hi);
  return { ...position, cursor: hi, key: keys?.to ?? null, striding: null, bounds };
}

/** The pace that the span was cut by at most: else a span bounded by its rows would never count as a full one. */
function asRead(position: Position, span: Span): Position {
  return { ...position, pace: { ...position.pace, blocks: Math.min(position.pace.blocks, sizeOf(span)) } };
}

/** No span follows that could be read already. */
function isLast({ walk: { range } }: Course, { more, span }: Flying): boolean {
  if (more) return true;
  if (range.access.kind !== 'keys') return span.hi >= range.hi && !isInside(span);
  return JSON.stringify(span.keys?.to ?? null) === JSON.stringify(range.access.to);
}

function asking({ course, plan, columns, transform }: TransformCourse, signal: AbortSignal) {
  const write = plan.write.map(({ name }) => name);
  const { timeoutMs } = plan;
  const caller: Caller = { transform, write, timeoutMs, migration: course.walk.migration, signal };
  const free = limited(plan.concurrency);
  const run = (call: () => Promise<Answer>) => free(() => staged(course, 'transform', call));
  return async (rows: Chunk['rows']): Promise<Encoded> =>
    bounded(caller, encode(await answersFor(caller, rows, run), columns));
}

async function finish(
  { course, columns }: TransformCourse,
  position: Position,
  { span, more, answer }: Flying,
): Promise<Next> {
  const given = await answer;
  if (given.kind === 'failed') throw given.error;
  if (given.kind === 'interrupted') return 'yielded';
  const { rows, refused } = given;
  const stay = more || isInside(span);
  const written = await staged(course, 'write', () => write(course, { rows, columns, refused, span, stay }));
  if (written.kind !== 'moved') return afterRowsOutcome(course, position, written);
  const next = await afterSuccess(course, asRead(position, span), span, written);
  return typeof next === 'string' || !more ? next : again(next, position, span);
}

/** Its turns are far too large. */
function isGivenUp({ striding }: Position, { span }: Flying): boolean {
  return isInside(span) && striding === null;
}

/** The rest of the span, or of the turn of it, is read from where it began. */
function again(next: Position, { cursor, key }: Position, { hi, turn }: Span): Position {
  const striding = turn === undefined ? null : { hi, lanes: turn.lanes, next: turn.at };
  return { ...next, cursor, key, striding };
}

/** Tells how long a stage took. */
async function staged<R>(
  { walk, deps }: Course,
  stage: EventMap['batch:stage']['stage'],
  work: () => Promise<R>,
): Promise<R> {
  const begun = deps.clock.now();
  const result = await work();
  const seconds = (deps.clock.now() - begun) / 1_000;
  walk.emit('batch:stage', { migration: walk.migration, stage, seconds });
  return result;
}
