/** States as one number, since a timeline or a table cell shows one series; names and colours come back as a mapping. */
import type { MetricName } from '#observe/catalogue';
import { PHASES, type Phase, REASONS } from '#observe/labels';
import { words } from './panels.js';
import { same, select } from './query.js';

const COLOURS: Readonly<Record<Phase, string>> = {
  pending: 'text',
  expanding: 'blue',
  backfilling: 'super-light-blue',
  settling: 'light-blue',
  gated: 'yellow',
  contracting: 'orange',
  done: 'green',
  failed: 'red',
  rolling_back: 'purple',
  rolled_back: 'light-purple',
};

/** For each migration the number, from 1, of the first value of a label at which the gauge is 1. */
function numbered(name: MetricName, label: string, values: readonly string[]): string {
  const one = (value: string, i: number) =>
    `max by (migration) (${select(name, `${label}="${value}"`)} == 1) * ${i + 1}`;
  return values.map(one).join(' or ');
}

function wordsOf<V extends string>(values: readonly V[], colour: (value: V) => string) {
  return words(
    Object.fromEntries(
      values.map((value, i) => [i + 1, { text: value.replaceAll('_', ' '), color: colour(value) }]),
    ),
  );
}

export const PHASE = numbered('bellows_migration_phase', 'phase', PHASES);
export const PHASE_WORDS = wordsOf(PHASES, (phase) => COLOURS[phase]);

/** The first signal that holds a migration; absent where none does. */
export const HOLD = numbered('bellows_throttle_active', 'reason', REASONS);
export const HOLD_WORDS = wordsOf(REASONS, () => 'orange');

interface Concern {
  readonly text: string;
  readonly color: string;
  /** By migration; there where it concerns. */
  readonly when: string;
}

const PAUSED = `${same('migration', 'bellows_migration_paused')} == 1`;
const inPhase = (phase: Phase) =>
  `max by (migration) (${select('bellows_migration_phase', `phase="${phase}"`)}) == 1`;

/** Worst first: what is listed earlier hides what is listed later. */
const CONCERNS: readonly Concern[] = [
  { text: 'failed', color: 'dark-red', when: inPhase('failed') },
  {
    text: 'sync trigger is missing',
    color: 'dark-red',
    when: `min by (migration) (${select('bellows_sync_trigger_present')}) == 0`,
  },
  { text: 'values differ', color: 'red', when: `${same('migration', 'bellows_verify_mismatched_rows')} > 0` },
  { text: 'paused', color: 'red', when: PAUSED },
  {
    text: 'rows in quarantine',
    color: 'orange',
    when: `${same('migration', 'bellows_backfill_quarantined_rows')} > 0`,
  },
  {
    text: 'blocked by a lock',
    color: 'orange',
    when: `${same('migration', 'bellows_ddl_blocking_sessions')} > 0`,
  },
  { text: 'held', color: 'yellow', when: `${same('migration', 'bellows_throttle_active')} == 1` },
  { text: 'at the gate', color: 'yellow', when: inPhase('gated') },
  { text: 'rolling back', color: 'blue', when: inPhase('rolling_back') },
  { text: 'not begun', color: 'text', when: inPhase('pending') },
  { text: 'done', color: 'green', when: inPhase('done') },
  { text: 'rolled back', color: 'text', when: inPhase('rolled_back') },
];
const AT_WORK = CONCERNS.length + 1;

/** For each migration what concerns most: 1 is the worst; what is in no concern's list is at work. */
export const CONCERN = [
  ...CONCERNS.map(({ when }, i) => `((${when}) * 0 + ${i + 1})`),
  `(max by (migration) (${select('bellows_migration_phase')}) * 0 + ${AT_WORK})`,
].join(' or ');
export const CONCERN_WORDS = words(
  Object.fromEntries(
    [...CONCERNS, { text: 'at work', color: 'green' }].map(({ text, color }, i) => [i + 1, { text, color }]),
  ),
);
/** Concerns up to this one want somebody to do something. */
export const NEEDS_SOMEBODY = CONCERNS.findIndex(({ text }) => text === 'blocked by a lock') + 1;
