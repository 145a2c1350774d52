import { describe, expect, it } from 'vitest';
import { isOpenAt, parseWindow, parseWindows } from '#core/window';

const open = (text: string, at: string) => isOpenAt(parseWindows([text]), new Date(at));

describe('a window', () => {
  it('is hours of a day, over midnight too', () => {
    expect(open('22:00-06:00', '2026-03-02T21:59:00Z')).toBe(false);
    expect(open('22:00-06:00', '2026-03-02T22:00:00Z')).toBe(true);
    expect(open('22:00-06:00', '2026-03-03T05:59:59Z')).toBe(true);
    expect(open('22:00-06:00', '2026-03-03T06:00:00Z')).toBe(false);
    expect(open('00:00-24:00', '2026-03-03T23:59:59Z')).toBe(true);
  });

  it('is of the day on which it begins', () => {
    // 2026-03-06 is a Friday.
    expect(open('fri 22:00-06:00', '2026-03-07T05:00:00Z')).toBe(true);
    expect(open('fri 22:00-06:00', '2026-03-06T05:00:00Z')).toBe(false);
    expect(open('sat,sun', '2026-03-07T12:00:00Z')).toBe(true);
    expect(open('sat,sun', '2026-03-06T12:00:00Z')).toBe(false);
    expect(open('fri-mon 10:00-11:00', '2026-03-08T10:30:00Z')).toBe(true);
    expect(open('fri-mon 10:00-11:00', '2026-03-10T10:30:00Z')).toBe(false);
  });

  it('is in its zone, through the change of the clocks', () => {
    expect(open('22:00-23:00 Europe/Berlin', '2026-03-28T21:30:00Z')).toBe(true);
    expect(open('22:00-23:00 Europe/Berlin', '2026-03-29T20:30:00Z')).toBe(true);
    expect(open('22:00-23:00 Europe/Berlin', '2026-03-29T21:30:00Z')).toBe(false);
  });

  it('is one of several, and always where there is none', () => {
    const windows = parseWindows(['mon 01:00-02:00', 'tue 01:00-02:00 UTC']);
    expect(isOpenAt(windows, new Date('2026-03-03T01:30:00Z'))).toBe(true);
    expect(isOpenAt(windows, new Date('2026-03-04T01:30:00Z'))).toBe(false);
    expect(isOpenAt([], new Date())).toBe(true);
  });

  it('is refused where it says nothing', () => {
    for (const text of [
      '',
      'at night',
      '25:00-26:00',
      '22:00',
      'mon-',
      'mon 1:00-2:00 Mars/Base',
      'mon 1:00-2:00 UTC x',
    ]) {
      expect(parseWindow(text), text).toBeNull();
    }
    expect(() => parseWindows(['at night'])).toThrow('is no window of time');
  });
});
