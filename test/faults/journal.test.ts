import { expect, it } from 'vitest';
import { type Entry, judgeRow, type Operation, split } from './journal.js';

/** The judge of all fault tests, against what it must and must not let pass. */
const seed = split('Ann Lee');
const wrote = (rev: number | null, operation: Operation): Entry => ({
  tag: `t${rev}`,
  id: 1,
  operation,
  outcome: rev === null ? 'unknown' : 'acknowledged',
  rev,
});
const row = (rev: number, full: string, first: string | null, last: string | null) => ({
  id: 1,
  rev,
  tag: null,
  full,
  first,
  last,
});

it('lets pass what follows from the writes', () => {
  const writes = [wrote(1, { kind: 'old', full: 'Bob Ray' }), wrote(2, { kind: 'new-last', last: 'Fox' })];
  expect(judgeRow(writes, seed, row(2, 'Bob Fox', 'Bob', 'Fox'))).toEqual([]);
  expect(judgeRow([], seed, row(0, 'Ann Lee', 'Ann', 'Lee'))).toEqual([]);
  expect(judgeRow([wrote(0, { kind: 'delete' })], seed, undefined)).toEqual([]);
});

it('finds a lost, a stale, an invented write and a row that came back or went away', () => {
  const write = [wrote(1, { kind: 'old', full: 'Bob Ray' })];
  expect(judgeRow(write, seed, row(0, 'Ann Lee', 'Ann', 'Lee'))).toHaveLength(1);
  expect(judgeRow(write, seed, row(1, 'Bob Ray', 'Ann', 'Lee'))).toHaveLength(1);
  expect(judgeRow(write, seed, row(1, 'Bob Ray', null, null))).toHaveLength(1);
  expect(judgeRow(write, seed, row(2, 'Bob Ray', 'Bob', 'Ray'))).toHaveLength(1);
  expect(judgeRow(write, seed, undefined)).toHaveLength(1);
  expect(judgeRow([wrote(0, { kind: 'delete' })], seed, row(0, 'Ann Lee', 'Ann', 'Lee'))).toHaveLength(1);
});

it('allows either outcome of a write whose answer was lost, and no third', () => {
  const unknown = [
    wrote(1, { kind: 'old', full: 'Bob Ray' }),
    wrote(null, { kind: 'new', first: 'Cy', last: 'Fox' }),
  ];
  expect(judgeRow(unknown, seed, row(1, 'Bob Ray', 'Bob', 'Ray'))).toEqual([]);
  expect(judgeRow(unknown, seed, row(2, 'Cy Fox', 'Cy', 'Fox'))).toEqual([]);
  expect(judgeRow(unknown, seed, row(2, 'Cy Fox', 'Bob', 'Ray'))).toHaveLength(1);
  expect(judgeRow(unknown, seed, row(3, 'Cy Fox', 'Cy', 'Fox'))).toHaveLength(1);
});
