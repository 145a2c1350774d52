/** What somebody who is not looking is told: few things, and each once. */
import type { MigrationStatus } from './status.js';
import { sentenceOf } from './waits.js';

export const NEWS = ['gate', 'stalled', 'failed', 'done'] as const;
export type NewsEvent = (typeof NEWS)[number];

export interface News {
  readonly event: NewsEvent;
  /** A sentence, in the words of `status`. */
  readonly text: string;
}

/** A run that nobody holds and that has moved no row and taken no step for this long stands still. */
export const STALLED_SECONDS = 600;

/**
 * What there is to tell of a migration; null: nothing.
 *
 * @param stillSeconds since its last batch or transition, by the database's clock
 */
export function newsOf(migration: MigrationStatus, stillSeconds: number): News | null {
  const { failed, paused, state, waits } = migration;
  const [first] = waits;
  if (failed !== null) return { event: 'failed', text: `failed: ${failed.message}; next: ${failed.next}` };
  if (paused !== null) return null;
  if (state === 'done') return { event: 'done', text: 'done' };
  if (first?.cause === 'approval') return { event: 'gate', text: `${first.reason}: ${first.next}` };
  if (!isStalled(migration, stillSeconds)) return null;
  const why = first === undefined ? migration.next : sentenceOf(first);
  return { event: 'stalled', text: `stands still for ${Math.floor(stillSeconds / 60)} min: ${why}` };
}

const GOES_ON: readonly string[] = ['expanding', 'backfilling', 'settling', 'contracting', 'rolling_back'];

/** A throttle holds on purpose, and says so; what waits for another migration has its turn yet. */
function isStalled({ state, waits }: MigrationStatus, stillSeconds: number): boolean {
  const onPurpose = waits.some(({ cause }) => cause === 'throttle' || cause === 'order');
  return GOES_ON.includes(state) && !onPurpose && stillSeconds >= STALLED_SECONDS;
}
