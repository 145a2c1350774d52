import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '#everyday/dump/unified-diff';

const NAMES = { from: 'a', to: 'b' };

/** What `patch` does: the hunks of a unified diff, applied where they say. */
function patched(from: readonly string[], diff: string): readonly string[] {
  const out: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2)) {
    const hunk = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1);
      out.push(...from.slice(at, start));
      at = start;
      expect(out.length).toBe(Number(hunk[3]) - (hunk[4] === '0' ? 0 : 1));
      continue;
    }
    if (line[0] !== '+') {
      expect(from[at]).toBe(line.slice(1));
      at += 1;
    }
    if (line[0] !== '-') out.push(line.slice(1));
  }
  return [...out, ...from.slice(at)];
}

/** Lehmer's generator: the same texts in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

describe('unifiedDiff', () => {
  it('is empty for equal texts', () => {
    expect(unifiedDiff(['x', 'y'], ['x', 'y'], NAMES)).toBe('');
  });

  it('is what diff -u prints', () => {
    const from = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
    const to = ['1', '2', '3', '4', 'five', '6', '7', '8', '9', '10'];
    expect(unifiedDiff(from, to, NAMES).split('\n')).toEqual([
      ...[
        '--- a',
        '+++ b',
        '@@ -2,8 +2,9 @@',
        ' 2',
        ' 3',
        ' 4',
        '-5',
        '+five',
        ' 6',
        ' 7',
        ' 8',
        ' 9',
        '+10',
      ],
    ]);
  });

  it('leads from one text to the other, whatever they are', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const next = numbers(seed);
      const text = () => Array.from({ length: next(30) }, () => String(next(4)));
      const [from, to] = [text(), text()];
      const diff = unifiedDiff(from, to, NAMES);
      expect(diff === '' ? from : patched(from, diff)).toEqual(to);
    }
  });

  it('ends soon on texts that have nothing in common', () => {
    const [from, to] = ['a', 'b'].map((name) => Array.from({ length: 5_000 }, (_, i) => `${name}${i}`));
    expect(patched(from ?? [], unifiedDiff(from ?? [], to ?? [], NAMES))).toEqual(to);
  });
});
