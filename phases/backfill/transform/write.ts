/** Writes back what a transform gave: one statement for the rows of a span, row by row only where some are at fault. */
import type { Span } from '../access.js';
import { type Course, isOver } from '../course.js';
import { FIRST_SWEEP } from '../plan-pass.js';
import { type Poison, quarantineRow, SUPPRESSED } from '../poison.js';
import type { RowsOutcome } from '../rows.js';
import { type Moved, type Sent, send } from '../send.js';
import type { RefusedRow } from './call.js';
import { type EncodedRow, parametersOf } from './encode.js';
import type { GivenColumn } from './given-columns.js';

export interface Written {
  readonly span: Span;
  readonly rows: readonly EncodedRow[];
  readonly columns: readonly GivenColumn[];
  readonly refused: readonly RefusedRow[];
  /** The span is not finished: its cursor stays. */
  readonly stay: boolean;
}

export type WriteOutcome = Moved | Exclude<RowsOutcome, null>;

const PART = { careful: true, stay: true };
const TRIES = 3;
const PAUSE_MS = 100;

/** Every failure comes back as a value. Rows that changed since they were read, or are locked, are left to the next sweep. */
export async function write(course: Course, written: Written): Promise<WriteOutcome> {
  const { span, rows, columns, refused, stay } = written;
  for (const { tid, reason } of refused) {
    const outcome = await putAside(course, span, tid, { sqlstate: '00000', reason });
    if (outcome !== null) return outcome;
  }
  const job: Job = { course, span, columns, left: 0, moved: 0 };
  // From the second sweep on rows that a trigger keeps are put aside, which needs the range still to be open.
  if (!isLateSweep(course)) {
    const sent = await sendAll(job, rows, stay);
    if (sent.kind === 'moved' || !isRowTrouble(sent)) return sent;
  }
  const outcome = await writeParts(job, rows);
  if (outcome !== null) return outcome;
  const closed = stay
    ? await sendRows(job, [], { careful: true, stay })
    : await send(course.walk, { kind: 'close', span, left: job.left });
  return closed.kind === 'moved' ? { ...closed, rows: closed.rows + job.moved } : closed;
}

interface Job {
  readonly course: Course;
  readonly span: Span;
  readonly columns: readonly GivenColumn[];
  left: number;
  moved: number;
}

/** The walk's shape, which waits for locked rows; after one that was locked for too long, and in sweeps, the careful one. */
async function sendAll(job: Job, rows: readonly EncodedRow[], stay: boolean): Promise<Sent> {
  const { walk } = job.course;
  if (walk.range.pass < FIRST_SWEEP) {
    const sent = await sendRows(job, rows, { careful: false, stay });
    if (sent.kind !== 'failed' || sent.trouble.kind !== 'locked') return sent;
    const { sqlstate } = sent.trouble;
    walk.emit('batch:failed', { migration: walk.migration, outcome: 'retried', sqlstate });
  }
  return sendRows(job, rows, { careful: true, stay });
}

async function sendRows(
  { course, span, columns }: Job,
  rows: readonly EncodedRow[],
  how: { readonly careful: boolean; readonly stay: boolean },
): Promise<Sent> {
  return send(course.walk, { kind: 'given', span, rows: parametersOf(rows, columns), ...how });
}

async function writeParts(job: Job, rows: readonly EncodedRow[]): Promise<RowsOutcome> {
  const [first] = rows;
  if (first === undefined) return null;
  if (isOver(job.course)) return { kind: 'interrupted' };
  if (rows.length === 1) return writeRow(job, first);
  const sent = await sendRows(job, rows, PART);
  if (sent.kind === 'moved' && !(sent.suppressed > 0 && isLateSweep(job.course))) {
    job.moved += sent.rows;
    job.left += sent.locked + sent.suppressed;
    return null;
  }
  if (sent.kind !== 'moved' && !isRowTrouble(sent)) return sent;
  const middle = Math.ceil(rows.length / 2);
  return (await writeParts(job, rows.slice(0, middle))) ?? (await writeParts(job, rows.slice(middle)));
}

async function writeRow(job: Job, row: EncodedRow): Promise<RowsOutcome> {
  const { course, span } = job;
  for (let attempt = 1; ; attempt += 1) {
    const sent = await sendRows(job, [row], PART);
    if (sent.kind === 'moved') {
      job.moved += sent.rows;
      job.left += sent.locked + sent.suppressed;
      return sent.suppressed > 0 && isLateSweep(course) ? putAside(course, span, row.tid, SUPPRESSED) : null;
    }
    if (!isRowTrouble(sent)) return sent;
    const { kind, sqlstate, name } = sent.trouble;
    if (kind === 'data' || (kind === 'timeout' && attempt === TRIES)) {
      return putAside(course, span, row.tid, { sqlstate, reason: name });
    }
    if (attempt === TRIES) {
      job.left += 1;
      return null;
    }
    if (isOver(course)) return { kind: 'interrupted' };
    await course.deps.clock.sleep(PAUSE_MS * attempt, course.signal);
  }
}

async function putAside(course: Course, span: Span, tid: string, poison: Poison): Promise<RowsOutcome> {
  const result = await quarantineRow(course.walk, span.lo, tid, poison);
  return result.kind === 'done' ? null : result;
}

function isLateSweep({ walk }: Course): boolean {
  return walk.range.pass > FIRST_SWEEP;
}

type Failed = Extract<Sent, { readonly kind: 'failed' }>;

function isRowTrouble(sent: Exclude<Sent, Moved>): sent is Failed {
  return sent.kind === 'failed' && sent.trouble.kind !== 'connection' && sent.trouble.kind !== 'stop';
}
