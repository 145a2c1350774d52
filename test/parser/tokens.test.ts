import { beforeAll, expect, test } from 'vitest';
import { SqlSyntaxError } from '#parser/errors';
import { loadParser } from '#parser/load';
import { scan } from '#parser/scan';
import { tokensOf } from '#parser/tokens';

beforeAll(loadParser);

test('comments, white space and the case of words are free', () => {
  const one = `select Coalesce(A.b,'X')  from "T" -- note\nwhere c<>1`;
  const two = `SELECT coalesce ( a . B , 'X' )\n/* a /* nested */ one */ FROM "T" where C <> 1`;
  expect(tokensOf(one)).toEqual(tokensOf(two));
  expect(tokensOf(one)).toEqual([
    'select',
    'coalesce',
    '(',
    'a',
    '.',
    'b',
    ',',
    "'X'",
    ')',
    'from',
    '"T"',
    'where',
    'c',
    '<>',
    '1',
  ]);
});

test.each([
  [`'a'`, `'A'`],
  [`'a b'`, `'a  b'`],
  [`'a -- b'`, `'a '`],
  [`$$a$$`, `$$A$$`],
  [`E'\\n'`, `'\\n'`],
  [`U&'\\0061'`, `U&'\\0062'`],
  [`"A"`, `"a"`],
  [`a b`, `ab`],
  [`1 1`, `11`],
  [`- - 1`, `--1\n1`],
  [`'\u0001'`, `'\u0002'`],
  [`À`, `à`],
])('%s is not %s', (one, two) => {
  expect(tokensOf(one)).not.toEqual(tokensOf(two));
});

test('literals are kept exactly as written', () => {
  const literals = [
    `'É😀''x'`,
    `E'\\'\\n'`,
    `$q$ A -- b $q$`,
    `U&'d\\0061'`,
    `x'1F'`,
    `B'01'`,
    `1E5`,
    `'\u0001\u007f\t\u0085'`,
  ];
  expect(tokensOf(literals.join(' , '))).toEqual(
    literals.flatMap((text, i) => (i === 0 ? [text] : [',', text])),
  );
});

test('positions are indexes into the string', () => {
  const sql = `'日本😀' || "é" /* ü */ || n`;
  for (const token of scan(sql)) expect(sql.slice(token.start, token.end)).toBe(token.text);
  expect(scan(sql).map((token) => token.text)).toEqual([`'日本😀'`, '||', '"é"', '/* ü */', '||', 'n']);
});

test('nothing has no tokens', () => {
  expect(tokensOf('')).toEqual([]);
  expect(tokensOf(' \n')).toEqual([]);
  expect(tokensOf('-- a')).toEqual([]);
});

test.each(["'open", '$$ open', '/* open', '"open', "a 'b' \0 c"])(
  '%j is an error and never a shorter list',
  (sql) => {
    expect(() => tokensOf(sql)).toThrow(SqlSyntaxError);
  },
);
