/**
 * What the writers know of their own writes, and what follows from it for each row in the end. Written without any code
 * of the product: the mapping stands here once more, by hand.
 */
export type Operation =
  | { readonly kind: 'insert-old' | 'old'; readonly full: string }
  | { readonly kind: 'insert-new' | 'new'; readonly first: string; readonly last: string }
  | { readonly kind: 'new-last'; readonly last: string }
  | { readonly kind: 'unrelated' }
  | { readonly kind: 'delete' };

export interface Entry {
  readonly tag: string;
  readonly id: number;
  readonly operation: Operation;
  /** `unknown`: the connection was lost before the answer; it may have happened or not. `missed`: there was no such row. */
  readonly outcome: 'acknowledged' | 'missed' | 'unknown';
  /** The row's `rev` after it; null where nobody knows. */
  readonly rev: number | null;
}

export interface Names {
  readonly full: string;
  readonly first: string;
  readonly last: string;
}

export interface FoundRow {
  readonly id: number;
  readonly rev: number;
  readonly tag: string | null;
  /** Each null where it is NULL, undefined where the table has no such column (any more). */
  readonly full?: string | null;
  readonly first?: string | null;
  readonly last?: string | null;
}

export function split(full: string): Names {
  const blank = full.indexOf(' ');
  return blank < 0
    ? { full, first: full, last: '' }
    : { full, first: full.slice(0, blank), last: full.slice(blank + 1) };
}

export function join(first: string, last: string): Names {
  return { full: last === '' ? first : `${first} ${last}`, first, last };
}

function after(before: Names | null, operation: Operation): Names | null {
  switch (operation.kind) {
    case 'insert-old':
    case 'old':
      return split(operation.full);
    case 'insert-new':
    case 'new':
      return join(operation.first, operation.last);
    case 'new-last':
      return before === null ? null : join(before.first, operation.last);
    case 'unrelated':
      return before;
    case 'delete':
      return null;
  }
}

const isInsert = ({ operation }: Entry) => operation.kind === 'insert-old' || operation.kind === 'insert-new';
const isDelete = ({ operation }: Entry) => operation.kind === 'delete';

/** What is wrong with this row; empty: nothing. */
export function judgeRow(
  entries: readonly Entry[],
  seed: Names | null,
  row: FoundRow | undefined,
): readonly string[] {
  const happened = entries.filter((e) => e.outcome === 'acknowledged');
  const unknown = entries.filter((e) => e.outcome === 'unknown');
  if (row === undefined) return judgeAbsence(happened, unknown, seed);
  if (happened.some(isDelete)) return ['its deletion was acknowledged, and it is there'];
  const updates = happened.filter((e) => !isInsert(e)).sort((a, b) => (a.rev ?? 0) - (b.rev ?? 0));
  const last = updates.at(-1)?.rev ?? 0;
  if (last > row.rev) return [`an acknowledged write is lost: rev ${row.rev} after ${last}`];
  const open = unknown.filter((e) => !isInsert(e) && !isDelete(e));
  const missing = row.rev - updates.length;
  if (missing < 0 || missing > open.length)
    return [`rev ${row.rev} after ${updates.length} acknowledged writes`];
  // With one candidate for one missing revision its place is known; with more only the last write is.
  const known = missing === 0 ? updates : missing === 1 && open.length === 1 ? [...updates, ...open] : null;
  const insert = entries.find(isInsert);
  const start = insert === undefined ? seed : after(null, insert.operation);
  return known === null ? judgeRelation(row) : judgeNames(replay(start, known, row.rev), row);
}

function judgeAbsence(
  happened: readonly Entry[],
  unknown: readonly Entry[],
  seed: Names | null,
): readonly string[] {
  const was = seed !== null || happened.some(isInsert);
  const mayBeGone = [...happened, ...unknown].some(isDelete);
  return was && !mayBeGone ? ['it is gone, and nobody deleted it'] : [];
}

/** Puts the one write of unknown outcome at the revision that nobody acknowledged. */
function replay(start: Names | null, writes: readonly Entry[], revs: number): Names | null {
  const byRev = new Map(writes.flatMap((w) => (w.rev === null ? [] : [[w.rev, w] as const])));
  const placed = writes.find((w) => w.rev === null);
  let names = start;
  for (let rev = 1; rev <= revs; rev += 1) {
    const write = byRev.get(rev) ?? placed;
    if (write !== undefined) names = after(names, write.operation);
  }
  return names;
}

function judgeNames(expected: Names | null, row: FoundRow): readonly string[] {
  if (expected === null) return ['nobody wrote it'];
  const sides = ['full', 'first', 'last'] as const;
  const wrong = sides.filter((side) => row[side] !== undefined && row[side] !== expected[side]);
  return wrong.length === 0 ? [] : [`expected ${JSON.stringify(expected)}, found ${JSON.stringify(row)}`];
}

/** Where the order of two writes of unknown outcome is not known: both sides must say the same, whatever it is. */
function judgeRelation({ full, first, last }: FoundRow): readonly string[] {
  if (full === null || first === null || last === null) return ['a side of it is empty'];
  if (full === undefined || first === undefined || last === undefined) return [];
  const forward = split(full);
  const agree = (forward.first === first && forward.last === last) || join(first, last).full === full;
  return agree ? [] : [`its sides disagree: ${JSON.stringify({ full, first, last })}`];
}
