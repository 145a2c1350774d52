import { expect, it } from 'vitest';
import type { PlanColumn } from '#core/plan';
import { encode, parametersOf } from '#phases/backfill/transform/encode';
import { givenColumns } from '#phases/backfill/transform/given-columns';

const SELF: { self?: unknown } = {};
SELF.self = SELF;

/** A value, its element of an array, and the same as JSON. Null: it cannot be said. */
const CASES: readonly (readonly [unknown, string | null, string | null])[] = [
  ['a "b\\" \u0000', '"a \\"b\\\\\\" \u0000"', '"a \\"b\\\\\\" \\u0000"'],
  ['null', '"null"', '"null"'],
  ['', '""', '""'],
  ['\ud800', null, '"\\ud800"'],
  [-1.5e300, '"-1.5e+300"', '-1.5e+300'],
  [-0, '"-0"', '0'],
  [Number.NaN, '"NaN"', '"NaN"'],
  [Number.NEGATIVE_INFINITY, '"-Infinity"', '"-Infinity"'],
  [12345678901234567890n, '"12345678901234567890"', '"12345678901234567890"'],
  [false, '"false"', 'false'],
  [null, 'NULL', 'null'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"', '"1970-01-01T00:00:00.000Z"'],
  [new Date(Number.NaN), '"invalid date"', '"invalid date"'],
  [Buffer.from('az'), '"\\\\x617a"', '"\\\\x617a"'],
  [[1, Number.NaN, null], '"[1,\\"NaN\\",null]"', '[1,"NaN",null]'],
  [
    { a: { b: 1n, c: new Uint8Array([255]) } },
    '"{\\"a\\":{\\"b\\":\\"1\\",\\"c\\":\\"\\\\\\\\xff\\"}}"',
    '{"a":{"b":"1","c":"\\\\xff"}}',
  ],
  [{ toJSON: () => undefined }, 'NULL', 'null'],
  [SELF, null, null],
];

it.each(CASES)('says %s as the server reads it', (value, element, json) => {
  const given = { x: value, tid: 'of the user' };
  expect(parts(given, 'character varying(100)')).toEqual(
    element === null ? 'transform_unwritable' : ['"(0,1)"', '7', element, '"of the user"'],
  );
  expect(parts(given, 'jsonb')).toEqual(
    json === null ? 'transform_unwritable' : ['"(0,1)"', '7', '"of the user"', `{"v0":${json}}`],
  );
});

it('looks at a value twice at most: what is none the second time cannot be said', () => {
  const fickle = {
    given: 0,
    get x() {
      return this.given++ === 0 ? 'a' : undefined;
    },
  };
  expect(fickle.x).toBe('a');
  expect(parts(fickle, 'text')).toBe('transform_unwritable');
});

it('makes one parameter of a column', () => {
  const columns = givenColumns([column('n', 'numeric(10,2)'), column('tags', 'text[]')]);
  const rows = [
    { tid: '(0,1)', parts: ['"(0,1)"', '7', '"1.5"', '{"v1":["a"]}'] },
    { tid: '(0,3)', parts: ['"(0,3)"', '8', 'NULL', '{"v1":null}'] },
  ];
  const typed = ['{"(0,1)","(0,3)"}', '{7,8}', '{"1.5",NULL}'];
  expect(parametersOf(rows, columns)).toEqual([...typed, '[{"v1":["a"]},{"v1":null}]']);
  expect(parametersOf(rows, columns.slice(0, 1))).toEqual(typed);
  expect(parametersOf([], columns)).toEqual(['{}', '{}', '{}', '[]']);
});

it.each([
  ['character varying(100)', 'character varying'],
  ['timestamp(3) with time zone', 'timestamp with time zone'],
  ['numeric(10,2)', 'numeric'],
  ['bytea', 'bytea'],
  // `character` alone would be one character; brackets and JSON are not what their text says.
  ['character(10)', null],
  ['text[]', null],
  ['numeric(10,2)[]', null],
  ['jsonb', null],
  ['public.mood', null],
])('sends a column of type %s as an array of %s', (type, element) => {
  expect(givenColumns([column('x', type)])).toEqual([{ name: 'x', value: 'v0', type, element }]);
});

it('passes on what is no answer', () => {
  expect(encode({ kind: 'interrupted' }, [])).toEqual({ kind: 'interrupted' });
});

function parts(given: Readonly<Record<string, unknown>>, type: string) {
  const columns = givenColumns([column('x', type), column('tid', 'text')]);
  const encoded = encode({ kind: 'given', rows: [{ tid: '(0,1)', xmin: '7', given }], refused: [] }, columns);
  if (encoded.kind !== 'given') return undefined;
  return encoded.rows[0]?.parts ?? encoded.refused[0]?.reason;
}

function column(name: string, type: string): PlanColumn {
  const none = { default: null, volatileDefault: false, plainEquality: false, requiredLater: false };
  return { name, type, ...none };
}
