/** What verbs demand of their arguments, beyond what the parser sees. */
import { durationMs } from '#core/duration';
import type { Invocation } from './cli.js';
import { UsageError } from './errors.js';

/** A whole number from 1; undefined where it was left out. */
export function wholeNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(
    `${name} must be a whole number above 0, not "${text.slice(0, 40)}".`,
    'bellows --help',
  );
}

/** Milliseconds of `30s`, `5m`, `0s`; undefined where it was left out. */
export function duration(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = durationMs(text);
  if (ms !== null) return ms;
  throw new UsageError(`${name} must be a duration such as 30s or 5m.`, 'bellows --help');
}

/** One of the words; undefined where it was left out. The parser has refused every other. */
export function oneOf<T extends string>(text: string | undefined, words: readonly T[]): T | undefined {
  return words.find((word) => word === text);
}

/** An argument that the parser has made sure of. */
export function argument({ args }: Invocation, position: number): string {
  return args[position] ?? '';
}

/** A reason must say something: it is all that the history will know. */
export function reasonOf(invocation: Invocation, what: string): string {
  const reason = invocation.text('reason')?.trim();
  if (reason) return reason;
  throw new UsageError(`${what} needs a reason: it is kept in the history.`, 'Add --reason "why".');
}

/** An option that only means something beside another one. */
export function refuseAlone(invocation: Invocation, option: string, other: string): void {
  if (invocation.text(option) === undefined) return;
  throw new UsageError(
    `--${option} means something only together with --${other}.`,
    `Add --${other}, or leave --${option} out.`,
  );
}
