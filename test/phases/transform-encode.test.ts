import { expect, it } from 'vitest';
import { encode } from '#phases/backfill/transform/encode';

const SELF: { self?: unknown } = {};
SELF.self = SELF;

const CASES: readonly (readonly [unknown, string | null])[] = [
  ['a "b" \u0000 \ud800', '"a \\"b\\" \\u0000 \\ud800"'],
  [-1.5e300, '-1.5e+300'],
  [Number.NaN, '"NaN"'],
  [Number.NEGATIVE_INFINITY, '"-Infinity"'],
  [12345678901234567890n, '"12345678901234567890"'],
  [false, 'false'],
  [null, 'null'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [new Date(Number.NaN), '"invalid date"'],
  [Buffer.from('az'), '"\\\\x617a"'],
  [[1, Number.NaN, null], '[1,"NaN",null]'],
  [{ a: { b: 1n, c: new Uint8Array([255]) } }, '{"a":{"b":"1","c":"\\\\xff"}}'],
  [{ toJSON: () => undefined }, 'null'],
  [SELF, null],
];

it.each(CASES)('says %s as the server reads it', (value, text) => {
  const row = { tid: '(0,1)', xmin: '7', given: { x: value, tid: 'of the user' } };
  const [first] = rowsOf(encode({ kind: 'given', rows: [row], refused: [] }, ['x', 'tid']));
  const json = `{"tid":"(0,1)","xmin":"7","v0":${text},"v1":"of the user"}`;
  expect(first).toEqual({ tid: '(0,1)', json: text === null ? null : json });
});

it('passes on what is no answer', () => {
  expect(encode({ kind: 'interrupted' }, ['x'])).toEqual({ kind: 'interrupted' });
});

function rowsOf(encoded: ReturnType<typeof encode>) {
  return encoded.kind === 'given' ? encoded.rows : [];
}
