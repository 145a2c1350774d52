import { etaWords } from '#core/status';

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** `128,540,112` */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** A value of a signal or its limit: at most two decimals. */
export function amount(value: number): string {
  return FINE.format(value);
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

/** `ETA 47 min (14:52 UTC)`, `ETA measuring`. */
export function eta(seconds: number | null, now: number): string {
  const clock = seconds === null || seconds === 0 ? '' : ` (${clockTime(now + seconds * 1000)})`;
  return `${etaShort(seconds)}${clock}`;
}

/** `ETA 47 min`: nobody needs the seconds of an hour. */
export function etaShort(seconds: number | null): string {
  const step = seconds === null || seconds < 600 ? 1 : 60;
  return `ETA ${etaWords(seconds === null ? null : Math.round(seconds / step) * step)}`;
}

function clockTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

/** `2024-01-02 15:00:00 UTC` */
export function instant(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
