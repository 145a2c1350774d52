import type { Status } from '#api';
import { wholeSeconds } from '#core/numbers';
import type { MigrationStatus } from '#core/status';
import { gateText, isWalking, rowsText, speedParts, stateWord } from '#core/status-words';
import { hanging, wrap } from './lines.js';
import { paintState } from './paint.js';
import type { View } from './view.js';

/** All migrations: one line each, and below it what is needed or comes next. */
export function statusLines({ migrations }: Status, view: View): readonly string[] {
  if (migrations.length === 0) return ['There are no migrations. `bellows new <name>` writes the first one.'];
  const name = Math.max(...migrations.map(({ id }) => id.length), 'MIGRATION'.length);
  const head = view.paint.dim(`    ${'MIGRATION'.padEnd(name)}  STATE`);
  return [
    head,
    ...migrations.flatMap((migration) => entry(migration, name, view)),
    '',
    ...wrap(summary(migrations), view.width),
  ];
}

function entry(migration: MigrationStatus, name: number, view: View): readonly string[] {
  const { paint, width } = view;
  // The mark is dbmate's: scripts look for it.
  const mark = migration.state === 'done' ? '[X]' : '[ ]';
  const head = `${mark} ${migration.id.padEnd(name)}  ${paintState(paint, stateWord(migration))}`;
  if (isSettledForGood(migration)) return [head];
  const facts = factsOf(migration);
  const failure = migration.failed === null ? [] : hanging('  ', migration.failed.message, width, paint.red);
  return [
    head,
    ...(facts === '' ? [] : hanging('  ', facts, width)),
    ...failure,
    ...hanging('  next: ', wholeSeconds(migration.next), width, paint.dim),
  ];
}

function factsOf(migration: MigrationStatus): string {
  const { backfill } = migration;
  if (!isWalking(migration) || backfill === null) {
    const gate = gateText(migration);
    return gate === '' ? '' : `gate ${gate}`;
  }
  const poison = backfill.quarantined === 0 ? [] : [`${backfill.quarantined} in quarantine`];
  return [rowsText(migration), ...speedParts(migration, null), ...poison].join('  ');
}

function isSettledForGood({ state, failed, waits }: MigrationStatus): boolean {
  return state === 'done' && failed === null && waits.length === 0;
}

function summary(migrations: readonly MigrationStatus[]): string {
  const words = migrations.map((m) =>
    m.failed !== null ? 'failed' : m.paused !== null ? 'paused' : m.state,
  );
  const kinds = [...new Set(words)].map((word) => `${words.filter((w) => w === word).length} ${word}`);
  return `${migrations.length} migration${migrations.length === 1 ? '' : 's'}: ${kinds.join(', ')}`;
}
