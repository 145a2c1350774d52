import { expect, test } from 'vitest';
import { isoTime } from '#postgres/row-types';
import { useDatabase } from '../support/database.js';
import { useOpen } from './open.js';

test.each([
  ['2026-03-01 10:00:00+00', '2026-03-01T10:00:00Z'],
  ['2026-03-01 00:30:00.123456+05:30', '2026-02-28T19:00:00.123456Z'],
  ['1890-01-01 00:00:00-00:25:21', '1890-01-01T00:25:21Z'],
  ['0044-03-15 12:00:00+00 BC', '0044-03-15 12:00:00+00 BC'],
  ['-infinity', '-infinity'],
])('the time %s is %s', (text, expected) => {
  expect(isoTime(text)).toBe(expected);
});

const used = useDatabase({ per: 'file' });
const open = useOpen();

test('values keep what they are', async () => {
  const db = open(used.url);
  const [row] = await db.query(`
    select 7::int8 as small,
      9007199254740993::int8 as large,
      1.10::numeric as money,
      array[1, 9007199254740993]::int8[] as bigs,
      array[1.10]::numeric[] as numerics,
      array['a', null]::name[] as names,
      timestamptz '2026-03-01 12:00:00.25+02' as at,
      array[timestamptz '2026-03-01 12:00:00+02'] as ats,
      timestamp '2026-03-01 12:00:00' as local,
      date '2026-03-01' as day,
      interval '90 seconds' as span,
      '{"a": [1]}'::jsonb as json,
      null::int8 as nothing`);
  expect(row).toEqual({
    small: 7,
    large: '9007199254740993',
    money: '1.10',
    bigs: [1, '9007199254740993'],
    numerics: ['1.10'],
    names: ['a', null],
    at: '2026-03-01T10:00:00.25Z',
    ats: ['2026-03-01T10:00:00Z'],
    local: '2026-03-01 12:00:00',
    day: '2026-03-01',
    span: '00:01:30',
    json: { a: [1] },
    nothing: null,
  });
});

test("the time of a session in another zone is told in UTC, and the driver's own table is not touched", async () => {
  const db = open(used.url);
  await db.transaction({}, async (tx) => {
    await tx.query(`set local timezone = 'Asia/Kolkata'`);
    const [row] = await tx.query(`select timestamptz '2026-03-01 00:00:00+00' as at`);
    expect(row).toEqual({ at: '2026-03-01T00:00:00Z' });
  });
  const { default: pg } = await import('pg');
  expect(pg.types.getTypeParser(20)('7')).toBe('7');
});
