/** Calls user code: bounded in time, never trusted with its answer, and never able to hang a worker. */
import type { Transform, TransformRow } from '#core/definition';
import type { BellowsError } from '#core/errors';
import { neverSettles, refusedTooMany, wrongResult } from './errors.js';
import type { ReadRow } from './read.js';

export interface Caller {
  readonly transform: Transform;
  /** Keys that each row of the answer must have. */
  readonly write: readonly string[];
  readonly timeoutMs: number;
  readonly migration: string;
  /** Aborted when the worker stops or leaves the range: no answer is waited for any more. */
  readonly signal: AbortSignal;
}

export interface GivenRow extends Pick<ReadRow, 'tid' | 'xmin'> {
  readonly given: TransformRow;
}
export interface RefusedRow {
  readonly tid: string;
  readonly reason: 'transform_threw' | 'transform_incomplete' | 'transform_timeout' | 'transform_unwritable';
  /** Class of what it threw, or the key that was missing. */
  readonly how: string;
}

export type Answer =
  | { readonly kind: 'given'; readonly rows: readonly GivenRow[]; readonly refused: readonly RefusedRow[] }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly error: BellowsError };

/** More rows than this in one batch are not the fault of single rows. */
const MOST_REFUSED = 100;

/** What user code gets at a time: less than is written at a time, which is faster with more. */
const ROWS_OF_A_CALL = 2_000;

/** In calls of a bounded size, each of which `run` may let wait. Never rejects. */
export async function answersFor(
  caller: Caller,
  rows: readonly ReadRow[],
  run: (call: () => Promise<Answer>) => Promise<Answer>,
): Promise<Answer> {
  const calls: Promise<Answer>[] = [];
  for (let at = 0; at < rows.length; at += ROWS_OF_A_CALL) {
    const part = rows.slice(at, at + ROWS_OF_A_CALL);
    calls.push(run(() => answerFor(caller, part)));
  }
  let all: Answer = { kind: 'given', rows: [], refused: [] };
  for (const answer of await Promise.all(calls)) {
    if (all.kind === 'given') all = joined(caller, all, answer);
  }
  return all;
}

/** Rows at fault are found by halving, so one bad row costs the others nothing. Never rejects. */
async function answerFor(caller: Caller, rows: readonly ReadRow[]): Promise<Answer> {
  if (rows.length === 0) return { kind: 'given', rows: [], refused: [] };
  return settled(caller, rows, await call(caller, rows));
}

async function settled(caller: Caller, rows: readonly ReadRow[], called: Called): Promise<Answer> {
  switch (called.kind) {
    case 'interrupted':
      return called;
    case 'gave':
      try {
        return judged(caller, rows, called.rows);
      } catch (error) {
        // Even looking at it may run user code.
        return thrown(caller, rows, classOf(error));
      }
    case 'threw':
      return thrown(caller, rows, called.how);
    case 'timeout':
      return timedOut(caller, rows);
  }
}

async function thrown(caller: Caller, rows: readonly ReadRow[], how: string): Promise<Answer> {
  const [one, two] = halves(rows);
  if (two.length === 0) return alone(one, { reason: 'transform_threw', how });
  const first = await answerFor(caller, one);
  if (first.kind !== 'given') return first;
  return joined(caller, first, await answerFor(caller, two));
}

/** Both halves are asked before either is cut: where neither settles, waiting on each level would take minutes. */
async function timedOut(caller: Caller, rows: readonly ReadRow[]): Promise<Answer> {
  const [one, two] = halves(rows);
  if (two.length === 0) return alone(one, { reason: 'transform_timeout', how: 'timeout' });
  const calls = [await call(caller, one), await call(caller, two)] as const;
  if (calls.every(({ kind }) => kind === 'timeout')) {
    return failed(neverSettles(caller.migration, caller.timeoutMs));
  }
  const first = await settled(caller, one, calls[0]);
  if (first.kind !== 'given') return first;
  return joined(caller, first, await settled(caller, two, calls[1]));
}

/** The second is empty where there is but one row. */
function halves(rows: readonly ReadRow[]): readonly [readonly ReadRow[], readonly ReadRow[]] {
  const middle = Math.ceil(rows.length / 2);
  return [rows.slice(0, middle), rows.slice(middle)];
}

function alone(rows: readonly ReadRow[], fault: Omit<RefusedRow, 'tid'>): Answer {
  return { kind: 'given', rows: [], refused: rows.map(({ tid }) => ({ tid, ...fault })) };
}

function joined(caller: Caller, first: Extract<Answer, { kind: 'given' }>, second: Answer): Answer {
  if (second.kind !== 'given') return second;
  const refused = [...first.refused, ...second.refused];
  return bounded(caller, { kind: 'given', rows: [...first.rows, ...second.rows], refused });
}

export function bounded<A extends Pick<Extract<Answer, { kind: 'given' }>, 'kind' | 'refused'>>(
  { migration }: Pick<Caller, 'migration'>,
  answer: A | Exclude<Answer, { kind: 'given' }>,
): A | Exclude<Answer, { kind: 'given' }> {
  if (answer.kind !== 'given' || answer.refused.length <= MOST_REFUSED) return answer;
  return failed(refusedTooMany(migration, answer.refused.length, answer.refused[0]?.how ?? ''));
}

type Called =
  | { readonly kind: 'gave'; readonly rows: unknown }
  | { readonly kind: 'threw'; readonly how: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'interrupted' };

async function call({ transform, timeoutMs, signal }: Caller, rows: readonly ReadRow[]): Promise<Called> {
  if (signal.aborted) return { kind: 'interrupted' };
  const over = new AbortController();
  const context = { signal: AbortSignal.any([signal, over.signal]) };
  const answer = Promise.resolve()
    .then(() =>
      transform(
        rows.map(({ values }) => values),
        context,
      ),
    )
    .then(
      (given): Called => ({ kind: 'gave', rows: given }),
      (error: unknown): Called => ({ kind: 'threw', how: classOf(error) }),
    );
  const given = new Promise<Called>((resolve) => {
    const timer = setTimeout(() => resolve({ kind: 'timeout' }), timeoutMs);
    const stop = () => resolve({ kind: 'interrupted' });
    signal.addEventListener('abort', stop, { once: true, signal: over.signal });
    over.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
  try {
    return await Promise.race([answer, given]);
  } finally {
    over.abort();
  }
}

/** Never the message: it may quote the row. */
export function classOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error;
}

function judged({ write, migration }: Caller, rows: readonly ReadRow[], answer: unknown): Answer {
  if (!Array.isArray(answer)) return failed(wrongResult(migration, kindOf(answer), rows.length));
  if (answer.length !== rows.length) {
    return failed(wrongResult(migration, `${answer.length} rows`, rows.length));
  }
  const given: GivenRow[] = [];
  const refused: RefusedRow[] = [];
  for (const [i, { tid, xmin }] of rows.entries()) {
    const one: unknown = answer[i];
    const missing = isRow(one) ? write.find((key) => !isValue(one[key])) : write[0];
    if (isRow(one) && missing === undefined) given.push({ tid, xmin, given: one });
    else refused.push({ tid, reason: 'transform_incomplete', how: `no value for ${missing}` });
  }
  if (refused.length <= MOST_REFUSED) return { kind: 'given', rows: given, refused };
  return failed(refusedTooMany(migration, refused.length, refused[0]?.how ?? ''));
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function isRow(value: unknown): value is TransformRow {
  return typeof value === 'object' && value !== null;
}

function isValue(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}

function failed(error: BellowsError): Extract<Answer, { kind: 'failed' }> {
  return { kind: 'failed', error };
}
