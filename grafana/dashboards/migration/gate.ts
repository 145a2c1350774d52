/** The checks before the contract, and what they rest on. */
import { graph, stat, timeline, words } from '../panels.js';
import { increase, instant, range, same, select } from '../query.js';
import type { Section } from '../section.js';

const PASSING = words({
  0: { text: 'failing', color: 'red' },
  1: { text: 'passing', color: 'green' },
});

export const gateRow: Section = {
  title: 'Gate',
  panels: [
    timeline({
      title: 'Checks',
      description:
        'Each check of the gate, for migrations that stand at it. Good: all passing; the approval comes last. What is not known or older than 5 minutes counts as failing.',
      unit: 'none',
      width: 12,
      queries: [
        range('A', same('migration, check', 'bellows_gate_check_passing'), '{{migration}} {{check}}'),
      ],
      mappings: [PASSING],
    }),
    stat({
      title: 'Last evaluated',
      description:
        'When the checks were last evaluated. Good: less than 5 minutes ago; else no process leads, and nothing counts as passing.',
      unit: 'dateTimeFromNow',
      width: 4,
      queries: [
        instant(
          'A',
          `${same('migration', 'bellows_gate_last_evaluated_timestamp_seconds')} * 1000`,
          '{{migration}}',
        ),
      ],
      noValue: 'not at the gate',
    }),
    stat({
      title: 'Rows that differ',
      description:
        'Rows whose values differed in the newest verification. Good: 0. Else: `bellows verify <id> --repair`, and find out who writes past the triggers.',
      unit: 'none',
      width: 4,
      queries: [instant('A', same('migration', 'bellows_verify_mismatched_rows'), '{{migration}}')],
      noValue: 'not verified yet',
      steps: [
        { value: null, color: 'green' },
        { value: 1, color: 'red' },
      ],
    }),
    stat({
      title: 'Decisions',
      description:
        'Approvals, and checks that somebody skipped. Good: one approval, no skipped check. Who and why: `bellows history <id>`.',
      unit: 'none',
      width: 4,
      queries: [
        instant(
          'A',
          `max by (migration, decision) (max_over_time(${select('bellows_gate_decisions_total')}[$__range]))`,
          '{{decision}}',
        ),
      ],
      noValue: 'none',
    }),
    graph({
      title: 'Rows verified',
      description:
        'Rows that verifications compared, counted when each is through. Good: as many as the table has, all of them match.',
      unit: 'short',
      width: 12,
      queries: [
        range(
          'A',
          `max by (migration, result) (${increase(select('bellows_verify_rows_total'))})`,
          '{{migration}} {{result}}',
        ),
      ],
    }),
    graph({
      title: 'Calls of the sync trigger',
      description:
        'Writes of the application that went through the sync trigger, and the time they spent in it; only where the server runs with track_functions = pl. Good: well below a millisecond a call.',
      unit: 'none',
      width: 12,
      queries: [
        range(
          'A',
          `max by (migration) (${increase(select('bellows_sync_trigger_calls_total'))})`,
          '{{migration}} calls',
        ),
        range(
          'B',
          `max by (migration) (${increase(select('bellows_sync_trigger_seconds_total'))})`,
          '{{migration}} seconds',
        ),
      ],
    }),
  ],
};
