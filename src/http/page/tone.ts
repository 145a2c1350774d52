import type { MigrationStatus } from '#core/status';
import { needsYou } from '#core/waits';

/** What somebody who looks has to know first. */
export type Tone = 'bad' | 'wait' | 'good' | 'plain';

export interface Mood {
  readonly tone: Tone;
  /** Half a sentence in front of the reason. */
  readonly word: string;
}

/** From worst to best: the list shows them in this order. */
export type Attention = 'needs you' | 'waits' | 'goes on' | 'not begun' | 'done';
export const ATTENTIONS: readonly Attention[] = ['needs you', 'waits', 'goes on', 'not begun', 'done'];

export function attentionOf(migration: MigrationStatus): Attention {
  const { state, waits } = migration;
  if (waits.length > 0) return needsYou(waits) ? 'needs you' : 'waits';
  if (state === 'done' || state === 'rolled_back') return 'done';
  if (state === 'pending') return 'not begun';
  return state === 'gated' && isOpen(migration) ? 'needs you' : 'goes on';
}

function isOpen({ gate }: MigrationStatus): boolean {
  return gate.length > 0 && gate.every(({ verdict }) => verdict === 'pass' || verdict === 'n/a');
}

export function moodOf(migration: MigrationStatus): Mood {
  if (migration.failed !== null) return { tone: 'bad', word: 'Failed' };
  switch (attentionOf(migration)) {
    case 'needs you':
      return { tone: 'wait', word: 'Needs you' };
    case 'waits':
      return { tone: 'wait', word: 'Waits' };
    case 'done':
      return { tone: 'good', word: 'Done' };
    default:
      return { tone: 'plain', word: 'Goes on' };
  }
}
