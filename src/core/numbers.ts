/** Numbers for people: the same in the terminal and on the page. */
import { inWords } from './duration.js';

/** Made at first use: it takes longer than most commands have numbers for. */
const formats = new Map<number, Intl.NumberFormat>();

function format(value: number, decimals: number): string {
  const made = formats.get(decimals) ?? new Intl.NumberFormat('en-US', { maximumFractionDigits: decimals });
  formats.set(decimals, made);
  return made.format(value);
}

/** `128,540,112` */
export function count(value: number): string {
  return format(value, 0);
}

/** A value of a signal or its limit: at most two decimals. */
export function amount(value: number): string {
  return format(value, 2);
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** `8 kB`, `1.2 GB`: by 1024, as the server's own pg_size_pretty. */
export function bytes(value: number): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  const scaled = value / 1024 ** step;
  return `${scaled < 10 && step > 0 ? scaled.toFixed(1) : Math.round(scaled)} ${UNITS[step] ?? ''}`;
}

/** `1 row`, `3 rows`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `71.4 %`; what is not finished never reads 100. */
export function percent(share: number): string {
  const shown = share >= 1 ? 100 : Math.min(99.9, Math.floor(share * 1000) / 10);
  return `${shown.toFixed(1)} %`;
}

/** `ETA 47 min (14:52 UTC)` */
export function eta(seconds: number, now: number): string {
  const clock = seconds === 0 ? '' : ` (${clockTime(now + seconds * 1000)})`;
  return `${etaShort(seconds)}${clock}`;
}

/** `ETA 47 min`: nobody needs the seconds of an hour. */
export function etaShort(seconds: number): string {
  const step = seconds < 600 ? 1 : 60;
  return `ETA ${etaWords(Math.round(seconds / step) * step)}`;
}

function clockTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

/** Times inside a sentence to the second: `2024-01-02T15:00:00.123456Z` is for machines. */
export function wholeSeconds(text: string): string {
  return text.replaceAll(/\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+(?=Z|[+-]\d\d)/g, '$1');
}

/** `2024-01-02 15:00:00 UTC` */
export function instant(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function etaWords(seconds: number | null): string {
  return seconds === null ? 'measuring' : seconds === 0 ? 'due' : inWords(seconds);
}
