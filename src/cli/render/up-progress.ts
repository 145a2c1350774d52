/** The live progress of `up`: a block that is redrawn on a terminal, a line now and then elsewhere. */

import { wholeSeconds } from '#core/numbers';
import type { MigrationStatus } from '#core/status';
import { gateText, isWalking, rowsText, shareOf, speedParts, stateWord } from '#core/status-words';
import { bar, clip } from './lines.js';
import { paintState } from './paint.js';
import { heldText } from './throttle.js';
import type { View } from './view.js';

/** What the events told, by migration. */
export interface Seen {
  /** Who blocks its DDL, in words. */
  readonly blocked: ReadonlyMap<string, string>;
  /** Share of the table that the verification has read, 0 to 1. */
  readonly verified: ReadonlyMap<string, number>;
}

const BAR = 20;
/** A block that is higher than the terminal cannot be redrawn. */
const SHOWN = 5;

/** Never wider than the view: a wrapped line would break the redrawing. */
export function progressBlock(
  migrations: readonly MigrationStatus[],
  seen: Seen,
  view: View,
): readonly string[] {
  const rest = migrations.length - SHOWN;
  return [
    ...migrations.slice(0, SHOWN).flatMap((m) => blockOf(m, seen, view)),
    ...(rest > 0 ? [`… and ${rest} more`] : []),
  ];
}

function blockOf(migration: MigrationStatus, seen: Seen, view: View): readonly string[] {
  const { paint, width } = view;
  const id = clip(migration.id, width - 24);
  const short = (text: string) => clip(text, width - 1);
  const held = migration.backfill?.throttle ?? [];
  const blocker = seen.blocked.get(migration.id);
  return [
    `${paint.bold(id)}  ${paintState(paint, clip(stateWord(migration), 22))}`,
    ...(isWalking(migration) ? walkLines(migration, view).map(short) : []),
    ...held.map((one) => paint.yellow(short(`  throttle  ${heldText(one)}`))),
    ...(isVerifying(migration, seen.verified) ? [verifyLine(migration, seen)] : []),
    ...(blocker === undefined ? [] : [paint.yellow(short(`  blocked   by ${blocker}`))]),
    ...(gateText(migration) === '' ? [] : [short(`  gate      ${gateText(migration)}`)]),
    ...(isWalking(migration) ? [] : [paint.dim(short(`  next      ${wholeSeconds(migration.next)}`))]),
  ];
}

/** The state may be left a moment before the last look at it. */
export function isVerifying({ id, state }: MigrationStatus, verified: Seen['verified']): boolean {
  return state === 'settling' && (verified.get(id) ?? 1) < 1;
}

function verifyLine({ id }: MigrationStatus, { verified }: Seen): string {
  const share = verified.get(id) ?? 0;
  return `  ${bar(share, BAR)}  verified ${Math.floor(share * 100)} %`;
}

function walkLines(migration: MigrationStatus, { now }: View): readonly string[] {
  const share = shareOf(migration);
  return [
    `  ${share === null ? '' : `${bar(share, BAR)}  `}${rowsText(migration)}`,
    `  speed     ${speedParts(migration, now).join('   ')}`,
  ];
}

/** One line for a log: no colour, no width. */
export function progressLine(migration: MigrationStatus, seen: Seen, now: number): string {
  const blocker = seen.blocked.get(migration.id);
  const parts = [
    ...(isWalking(migration) ? [rowsText(migration), ...speedParts(migration, now)] : []),
    ...(migration.backfill?.throttle ?? []).map((held) => `held by ${heldText(held)}`),
    ...(isVerifying(migration, seen.verified)
      ? [`verified ${Math.floor((seen.verified.get(migration.id) ?? 0) * 100)} %`]
      : []),
    ...(blocker === undefined ? [] : [`blocked by ${blocker}`]),
    ...(gateText(migration) === '' ? [] : [`gate ${gateText(migration)}`]),
    ...(migration.failed === null ? [] : [migration.failed.message]),
    ...(migration.paused === null ? [] : [migration.paused.reason.replaceAll(/\s+/g, ' ')]),
  ];
  return [`${migration.id}  ${stateWord(migration)}`, ...parts].join('  ');
}

/** Changes exactly when a log should hear of it: state, throttle, blocker, gate; not with each row. */
export function progressKey(migration: MigrationStatus, blocker: string | undefined): string {
  const throttle = (migration.backfill?.throttle ?? []).map(({ signal }) => signal);
  return JSON.stringify([stateWord(migration), throttle, blocker?.split(' ')[1], gateText(migration)]);
}
