import type { UpResult } from '#api';
import { inWords } from '#core/duration';
import { wholeSeconds } from '#core/numbers';
import type { GateStatus, MigrationStatus } from '#core/status';
import { isShut, isWalking, rowsText, stateWord } from '#core/status-words';
import { hanging } from './lines.js';
import { paintState } from './paint.js';
import type { View } from './view.js';

/** Where `up` left each migration, and what is missing for more. */
export function upLines({ migrations, seconds }: UpResult, view: View): readonly string[] {
  if (migrations.length === 0) return ['Nothing to do: there are no migrations.'];
  const unfinished = migrations.filter((m) => stateWord(m) !== 'done');
  if (unfinished.length === 0) return [allDone(migrations.length, seconds)];
  const done = migrations.length - unfinished.length;
  return [
    ...unfinished.flatMap((migration) => outcomeLines(migration, view)),
    `${done} of ${migrations.length} done, ${inWords(seconds)}`,
  ];
}

function allDone(total: number, seconds: number): string {
  return total === 1
    ? `The migration is done, ${inWords(seconds)}`
    : `All ${total} migrations are done, ${inWords(seconds)}`;
}

/** One migration after something was done to it. */
export function outcomeLines(migration: MigrationStatus, view: View): readonly string[] {
  const { paint, width } = view;
  const { failed, paused, next } = migration;
  const missing = migration.state === 'gated' ? migration.gate.filter(isShut) : [];
  return [
    `${paint.bold(migration.id)}  ${paintState(paint, stateWord(migration))}`,
    ...(isWalking(migration) ? [`  ${rowsText(migration)}`] : []),
    ...(failed === null ? [] : hanging('  ', `${failed.message} [${failed.code}]`, width, paint.red)),
    ...(paused === null
      ? []
      : hanging('  ', `paused by ${paused.by}: ${paused.reason}`, width, paint.yellow)),
    ...(missing.length === 0
      ? []
      : [`  the gate is shut; missing (${missing.length} of ${migration.gate.length} checks):`]),
    ...missing.flatMap((check) => missingLines(check, view)),
    ...(migration.state === 'done' ? [] : hanging('  next: ', wholeSeconds(next), width, paint.bold)),
  ];
}

function missingLines(
  { check, verdict, evidence, release }: GateStatus,
  { paint, width }: View,
): readonly string[] {
  const start = `    ${check.padEnd(13)} `;
  const indent = ' '.repeat(start.length);
  return [
    ...hanging(start, wholeSeconds(verdict === 'unknown' ? `unknown: ${evidence}` : evidence), width),
    ...(release === null ? [] : hanging(indent, `release: ${wholeSeconds(release)}`, width, paint.dim)),
  ];
}
