/**
 * Hours in which something may run, as a person writes them: `22:00-06:00`, `mon-fri 22:00-06:00 Europe/Berlin`,
 * `sat,sun`. Days are those on which the hours begin; without a zone they are UTC.
 */
import { DefinitionError } from './errors.js';

const DAYS: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DAY_MINUTES = 24 * 60;

export interface Window {
  /** 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes since midnight; where the end is not after the start, it is on the next day. */
  readonly from: number;
  readonly to: number;
  readonly zone: string;
}

/** Null: it is no window. */
export function parseWindow(text: string): Window | null {
  const parts = text.trim().split(/\s+/);
  const days = parseDays(parts[0] ?? '');
  const rest = days === null ? parts : parts.slice(1);
  const hours = parseHours(rest[0] ?? '');
  const left = hours === null ? rest : rest.slice(1);
  const zone = left[0] ?? 'UTC';
  if ((days === null && hours === null) || left.length > 1 || !isZone(zone)) return null;
  return { days: days ?? new Set([0, 1, 2, 3, 4, 5, 6]), ...(hours ?? { from: 0, to: DAY_MINUTES }), zone };
}

/** Throws `DefinitionError` for a text that is none. */
export function parseWindows(texts: readonly string[]): readonly Window[] {
  return texts.map((text) => {
    const window = parseWindow(text);
    if (window !== null) return window;
    throw new DefinitionError({
      what: `"${text.slice(0, 80)}" is no window of time.`,
      next: 'Write days, hours and a zone: "mon-fri 22:00-06:00 Europe/Berlin", "sat,sun", "01:00-05:00".',
    });
  });
}

/** Whether one of them is open; no windows: always. */
export function isOpenAt(windows: readonly Window[], at: Date): boolean {
  return windows.length === 0 || windows.some((window) => isOpen(window, at));
}

/** Why nothing may begin now, in words; null: it may. Throws as `parseWindows`. */
export function closedReason(hours: readonly string[], at: Date): string | null {
  return isOpenAt(parseWindows(hours), at) ? null : `waits for its window: ${hours.join(', ')}`;
}

function isOpen({ days, from, to, zone }: Window, at: Date): boolean {
  const { day, minute } = localTime(at, zone);
  if (from < to) return days.has(day) && minute >= from && minute < to;
  const yesterday = (day + 6) % 7;
  return (days.has(day) && minute >= from) || (days.has(yesterday) && minute < to);
}

function localTime(at: Date, timeZone: string): { readonly day: number; readonly minute: number } {
  const options = {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const;
  const parts = new Intl.DateTimeFormat('en-US', options).formatToParts(at);
  const part = (type: string) => parts.find((found) => found.type === type)?.value ?? '';
  return {
    day: DAYS.indexOf(part('weekday').toLowerCase()),
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  };
}

function parseDays(text: string): ReadonlySet<number> | null {
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [first = -1, last = first] = part.split('-').map((name) => DAYS.indexOf(name));
    if (first < 0 || last < 0 || part.split('-').length > 2) return null;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return days;
}

function parseHours(text: string): { readonly from: number; readonly to: number } | null {
  const match = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text);
  if (match === null) return null;
  const [h1 = 0, m1 = 0, h2 = 0, m2 = 0] = match.slice(1).map(Number);
  if (h1 > 23 || m1 > 59 || h2 > 24 || m2 > 59 || (h2 === 24 && m2 > 0)) return null;
  return { from: h1 * 60 + m1, to: h2 * 60 + m2 };
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }) !== null;
  } catch {
    return false;
  }
}
