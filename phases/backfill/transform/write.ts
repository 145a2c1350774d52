/** Writes back what a transform gave: one statement for the rows of a span, row by row only where some are at fault. */
import type { Span } from '../access.js';
import { type Course, isOver } from '../course.js';
import { type Poison, quarantineRow, SUPPRESSED } from '../poison.js';
import { FIRST_SWEEP } from '../ranges.js';
import type { RowsOutcome } from '../rows.js';
import { type Moved, type Sent, send } from '../send.js';
import type { GivenRow, RefusedRow } from './call.js';
import { encoded } from './encode.js';

export interface Written {
  readonly span: Span;
  readonly rows: readonly GivenRow[];
  readonly refused: readonly RefusedRow[];
  /** The span is not finished: its cursor stays. */
  readonly stay: boolean;
}

export type WriteOutcome = Moved | Exclude<RowsOutcome, null>;

const TRIES = 3;
const PAUSE_MS = 100;

/** Every failure comes back as a value. Rows that changed since they were read, or are locked, are left to the next sweep. */
export async function write(
  course: Course,
  names: readonly string[],
  { span, rows, refused, stay }: Written,
): Promise<WriteOutcome> {
  for (const { tid, reason } of refused) {
    const outcome = await putAside(course, span, tid, { sqlstate: '00000', reason });
    if (outcome !== null) return outcome;
  }
  const job: Job = { course, names, span, left: 0, moved: 0 };
  // From the second sweep on rows that a trigger keeps are put aside, which needs the range still to be open.
  if (!isLateSweep(course)) {
    const sent = await sendRows(job, rows, stay);
    if (sent.kind === 'moved' || !isRowTrouble(sent)) return sent;
  }
  const outcome = await writeParts(job, rows);
  if (outcome !== null) return outcome;
  const closed = stay
    ? await sendRows(job, [], true)
    : await send(course.walk, { kind: 'close', span, left: job.left });
  return closed.kind === 'moved' ? { ...closed, rows: closed.rows + job.moved } : closed;
}

interface Job {
  readonly course: Course;
  readonly names: readonly string[];
  readonly span: Span;
  left: number;
  moved: number;
}

async function sendRows(
  { course, names, span }: Job,
  rows: readonly GivenRow[],
  stay: boolean,
): Promise<Sent> {
  const texts = rows.map((row) => encoded(row, names)).filter((text) => text !== null);
  return send(course.walk, { kind: 'given', span, rows: `[${texts.join(',')}]`, stay });
}

async function writeParts(job: Job, rows: readonly GivenRow[]): Promise<RowsOutcome> {
  const [first] = rows;
  if (first === undefined) return null;
  if (isOver(job.course)) return { kind: 'interrupted' };
  if (rows.length === 1) return writeRow(job, first);
  const sent = await sendRows(job, rows, true);
  if (sent.kind === 'moved' && !(sent.suppressed > 0 && isLateSweep(job.course))) {
    job.moved += sent.rows;
    job.left += sent.locked + sent.suppressed;
    return null;
  }
  if (sent.kind !== 'moved' && !isRowTrouble(sent)) return sent;
  const middle = Math.ceil(rows.length / 2);
  return (await writeParts(job, rows.slice(0, middle))) ?? (await writeParts(job, rows.slice(middle)));
}

async function writeRow(job: Job, row: GivenRow): Promise<RowsOutcome> {
  const { course, span, names } = job;
  if (encoded(row, names) === null) return putAside(course, span, row.tid, UNWRITABLE);
  for (let attempt = 1; ; attempt += 1) {
    const sent = await sendRows(job, [row], true);
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

const UNWRITABLE: Poison = { sqlstate: '00000', reason: 'transform_unwritable' };

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
