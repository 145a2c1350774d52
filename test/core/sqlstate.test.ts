import { expect, test } from 'vitest';
import { FencedError } from '#core/errors';
import { classify, SQLSTATES, safeMessage, sqlstateOf } from '#core/sqlstate';

const server = (code: string, more: object = {}) =>
  Object.assign(new Error('value "Anna" is out of range'), { severity: 'ERROR', code, ...more });

test.each([
  ['55P03', 'lock_not_available', 'retry'],
  ['40P01', 'deadlock_detected', 'retry'],
  ['57014', 'query_canceled', 'split'],
  ['53100', 'disk_full', 'throttle'],
  ['22P02', 'invalid_text_representation', 'quarantine'],
  ['23505', 'unique_violation', 'quarantine'],
  ['42P01', 'undefined_table', 'stop'],
  ['57P01', 'admin_shutdown', 'reconnect'],
] as const)('%s is %s: %s', (code, name, action) => {
  expect(classify(server(code))).toMatchObject({ sqlstate: code, name, action });
});

test('a code that the table does not name goes by its class, or stops', () => {
  expect(classify(server('22P99'))).toMatchObject({ action: 'quarantine' });
  expect(classify(server('08P99'))).toMatchObject({ action: 'reconnect' });
  expect(classify(server('ZZ999'))).toEqual({ sqlstate: 'ZZ999', name: 'unknown', action: 'stop', bound: 0 });
});

test('what is not an error of the database stops, but for a broken line', () => {
  expect(classify(new TypeError('x'))).toMatchObject({ sqlstate: 'none', action: 'stop' });
  expect(classify(new FencedError('x'))).toMatchObject({ sqlstate: 'none', action: 'stop' });
  expect(classify(undefined)).toMatchObject({ sqlstate: 'none', action: 'stop' });
  expect(classify(Object.assign(new Error('x'), { code: 'EPIPE' }))).toMatchObject({ action: 'reconnect' });
  expect(sqlstateOf(Object.assign(new Error('x'), { code: 'EBUSY' }))).toBeNull();
});

test('only stop has no further attempt', () => {
  for (const [code, rule] of Object.entries(SQLSTATES)) {
    expect([code, rule.bound === 0]).toEqual([code, rule.action === 'stop']);
    expect(code).toMatch(/^[0-9A-Z]{5}$/);
  }
});

test('a message has names and no values', () => {
  const error = server('23505', {
    detail: 'Key (email)=(anna@example.com) already exists.',
    schema: 'public',
    table: 'users',
    constraint: 'users_email_key',
  });
  expect(safeMessage(error)).toBe(
    '23505 unique_violation (constraint users_email_key, schema public, table users)',
  );
  expect(safeMessage(server('22003'))).toBe('22003 numeric_value_out_of_range');
  expect(safeMessage(new RangeError('row 7 holds "Anna"'))).toBe('RangeError');
  expect(safeMessage(new FencedError('The lease is lost.'))).toBe('The lease is lost.');
});
