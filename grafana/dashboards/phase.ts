/** The phase as one number, since a timeline shows one series as one band; names and colours come back as a mapping. */
import { PHASES, type Phase } from '#observe/labels';
import { words } from './panels.js';
import { select } from './query.js';

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

export const PHASE = `max by (migration) (${PHASES.map(
  (phase, i) => `(${select('bellows_migration_phase', `phase="${phase}"`)} == 1) * ${i + 1}`,
).join(' or ')})`;

export const PHASE_WORDS = words(
  Object.fromEntries(
    PHASES.map((phase, i) => [i + 1, { text: phase.replaceAll('_', ' '), color: COLOURS[phase] }]),
  ),
);
