import { DefinitionError } from './errors.js';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `5m`, `1.5h`, `7d` (and `250ms`) in milliseconds; `null` where the text is none of these. */
export function durationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = UNIT_MS[match?.[2] ?? ''];
  if (match === null || unit === undefined) return null;
  return Math.round(Number(match[1]) * unit);
}

/** The same in seconds. Throws `DefinitionError` for a text that is no duration. */
export function durationSeconds(text: string): number {
  const ms = durationMs(text);
  if (ms !== null) return ms / 1_000;
  throw new DefinitionError({
    what: `"${text.slice(0, 80)}" is not a duration.`,
    next: 'Write a number and a unit: 30s, 5m, 24h, 7d.',
  });
}

const UNITS = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const;

/** Seconds for people, in the two largest units that are not zero: `45 s`, `12 min`, `3 h 5 min`, `2 d`. */
export function inWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = UNITS.findIndex((unit) => whole >= unit.seconds);
  const large = UNITS[first];
  if (large === undefined) return '0 s';
  const small = UNITS[first + 1];
  const count = Math.floor(whole / large.seconds);
  const rest = small === undefined ? 0 : Math.floor((whole % large.seconds) / small.seconds);
  return rest === 0 || small === undefined
    ? `${count} ${large.name}`
    : `${count} ${large.name} ${rest} ${small.name}`;
}
