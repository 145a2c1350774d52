/** Where a migration stands, in the words of terminal and page. */
import { count, eta, etaShort, percent } from './numbers.js';
import type { GateStatus, MigrationStatus } from './status.js';

/** The word for where it stands; a pause or a failure comes first, since it is what matters. */
export function stateWord({ state, paused, failed }: MigrationStatus): string {
  if (failed !== null) return `failed (${state})`;
  return paused !== null ? `paused (${state})` : state;
}

/** Share of the rows, 0 to 1; null where there is no estimate. */
export function shareOf({ backfill }: MigrationStatus): number | null {
  if (backfill === null || backfill.rowsExpected === null || backfill.rowsExpected <= 0) return null;
  return Math.min(1, backfill.rowsDone / backfill.rowsExpected);
}

/** `71.4 %  128,540,112 / ~180,000,000 rows` */
export function rowsText(migration: MigrationStatus, walked: number | null = null): string {
  const { backfill } = migration;
  if (backfill === null) return '';
  const expected = backfill.rowsExpected === null ? '' : ` / ~${count(backfill.rowsExpected)}`;
  const share = walked ?? shareOf(migration);
  return `${share === null ? '' : `${percent(share)}  `}${count(backfill.rowsDone)}${expected} rows`;
}

/** Rate and end of a walk: only what is known, and `measuring` while neither is. `now` null: without the time of day. */
export function speedParts({ backfill }: MigrationStatus, now: number | null): readonly string[] {
  if (backfill === null || backfill.rowsDone === 0) return ['measuring'];
  const { rowsPerSecond: rate, etaSeconds: left } = backfill;
  const known = [
    ...(rate === null ? [] : [`${count(rate)} rows/s`]),
    ...(left === null ? [] : [now === null ? etaShort(left) : eta(left, now)]),
  ];
  return known.length === 0 ? ['measuring'] : known;
}

export function isWalking({ state, backfill }: MigrationStatus): boolean {
  return state === 'backfilling' && backfill !== null;
}

export function isShut({ verdict }: GateStatus): boolean {
  return verdict !== 'pass' && verdict !== 'n/a';
}

/** `12/14, waiting for deployed, approval`; empty before the gate is evaluated. */
export function gateText({ gate }: MigrationStatus): string {
  if (gate.length === 0) return '';
  const shut = gate.filter(isShut).map(({ check }) => check);
  const passed = `${gate.length - shut.length}/${gate.length}`;
  return shut.length === 0 ? `${passed}, open` : `${passed}, waiting for ${shut.join(', ')}`;
}
