const CONTEXT = 3;
/** Beyond this many edits the two have little in common, and the search for the fewest grows with their square. */
const MOST_EDITS = 1_000;

interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** A unified diff, as `diff -u` prints it, without line end; empty where the two are equal. */
export function unifiedDiff(
  from: readonly string[],
  to: readonly string[],
  names: { readonly from: string; readonly to: string },
): string {
  const edits = editsOf(from, to);
  const hunks = hunksOf(edits);
  if (hunks.length === 0) return '';
  return [`--- ${names.from}`, `+++ ${names.to}`, ...hunks].join('\n');
}

/** Equal beginnings and ends are set aside; in between, the fewest edits. */
function editsOf(from: readonly string[], to: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < from.length && head < to.length && from[head] === to[head]) head += 1;
  let tail = 0;
  while (
    tail < from.length - head &&
    tail < to.length - head &&
    from[from.length - 1 - tail] === to[to.length - 1 - tail]
  )
    tail += 1;
  const same = (lines: readonly string[]): readonly Edit[] => lines.map((line) => ({ sign: ' ', line }));
  return [
    ...same(from.slice(0, head)),
    ...fewest(from.slice(head, from.length - tail), to.slice(head, to.length - tail)),
    ...same(from.slice(from.length - tail)),
  ];
}

/** Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): the furthest point on each diagonal, by number of edits. */
function fewest(from: readonly string[], to: readonly string[]): readonly Edit[] {
  let furthest = new Map<number, number>([[1, 0]]);
  const rounds: ReadonlyMap<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(MOST_EDITS, from.length + to.length); edits += 1) {
    rounds.push(furthest);
    furthest = new Map(furthest);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = startOn(furthest, diagonal, edits);
      while (x < from.length && x - diagonal < to.length && from[x] === to[x - diagonal]) x += 1;
      furthest.set(diagonal, x);
      if (x >= from.length && x - diagonal >= to.length) return backwards(from, to, rounds);
    }
  }
  return [
    ...from.map((line): Edit => ({ sign: '-', line })),
    ...to.map((line): Edit => ({ sign: '+', line })),
  ];
}

function startOn(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): number {
  return comesByInsert(furthest, diagonal, edits)
    ? (furthest.get(diagonal + 1) ?? 0)
    : (furthest.get(diagonal - 1) ?? 0) + 1;
}

function comesByInsert(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  if (diagonal === edits) return false;
  return (furthest.get(diagonal - 1) ?? 0) < (furthest.get(diagonal + 1) ?? 0);
}

function backwards(
  from: readonly string[],
  to: readonly string[],
  rounds: readonly ReadonlyMap<number, number>[],
): readonly Edit[] {
  const found: Edit[] = [];
  let [x, y] = [from.length, to.length];
  for (let edits = rounds.length - 1; edits >= 0; edits -= 1) {
    const before = rounds[edits] ?? new Map<number, number>();
    const insert = comesByInsert(before, x - y, edits);
    const diagonal = insert ? x - y + 1 : x - y - 1;
    const startX = edits === 0 ? 0 : (before.get(diagonal) ?? 0);
    const startY = edits === 0 ? 0 : startX - diagonal;
    while (x > startX && y > startY) {
      found.push({ sign: ' ', line: from[x - 1] ?? '' });
      [x, y] = [x - 1, y - 1];
    }
    if (edits === 0) break;
    found.push(insert ? { sign: '+', line: to[y - 1] ?? '' } : { sign: '-', line: from[x - 1] ?? '' });
    [x, y] = [startX, startY];
  }
  return found.reverse();
}

function hunksOf(edits: readonly Edit[]): readonly string[] {
  const changed = edits.flatMap(({ sign }, i) => (sign === ' ' ? [] : [i]));
  const spans: { from: number; to: number }[] = [];
  for (const at of changed) {
    const last = spans.at(-1);
    if (last !== undefined && at - last.to <= 2 * CONTEXT) last.to = at;
    else spans.push({ from: at, to: at });
  }
  return spans.flatMap(({ from, to }) => hunk(edits, Math.max(0, from - CONTEXT), to + CONTEXT + 1));
}

function hunk(edits: readonly Edit[], start: number, end: number): readonly string[] {
  const count = (list: readonly Edit[], sign: string) =>
    list.filter((e) => e.sign === ' ' || e.sign === sign).length;
  const [before, within] = [edits.slice(0, start), edits.slice(start, end)];
  const range = (sign: string) => {
    const lines = count(within, sign);
    return `${count(before, sign) + (lines === 0 ? 0 : 1)},${lines}`;
  };
  return [`@@ -${range('-')} +${range('+')} @@`, ...within.map(({ sign, line }) => `${sign}${line}`)];
}
