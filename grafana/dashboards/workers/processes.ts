/** The processes themselves, and the metrics about metrics. */
import { graph, timeline, words } from '../panels.js';
import { LAG, MEMORY } from '../process-panels.js';
import { increase, range, rate, runtime, same, select, total } from '../query.js';
import type { Section } from '../section.js';

const LEADING = words({ 0: { text: 'stands by', color: 'text' }, 1: { text: 'leads', color: 'green' } });

export const processRow: Section = {
  title: 'Processes',
  panels: [
    timeline({
      title: 'Who leads',
      description: 'Which process leads. Good: one at a time, changing only with deploys and kills.',
      unit: 'none',
      width: 8,
      queries: [range('A', same('instance', 'bellows_scheduler_leader'), '{{instance}}')],
      mappings: [LEADING],
    }),
    graph({
      title: 'Since the last turn of a scheduler',
      description:
        'How long ago the loop of each scheduler turned. Good: below 5 s. Minutes: the process is stuck; its health says so as well, and another takes the lease over.',
      unit: 's',
      width: 8,
      queries: [
        range(
          'A',
          `time() - ${same('instance', 'bellows_scheduler_last_tick_timestamp_seconds')}`,
          '{{instance}}',
        ),
      ],
    }),
    graph({
      title: 'Epoch of the lease',
      description:
        'It rises by one with each change of the leader. Good: level. Rising all the time: leaders lose their lease again and again, look at the connection to PostgreSQL.',
      unit: 'none',
      width: 8,
      queries: [range('A', `max(${select('bellows_scheduler_leader_epoch')})`, 'epoch')],
    }),
    LAG(8),
    MEMORY(8),
    graph({
      title: 'CPU',
      description: 'Processor time of each process. Good: workers below half a core for each slot.',
      unit: 'percentunit',
      width: 8,
      queries: [range('A', rate(runtime('process_cpu_seconds_total')), '{{instance}}')],
    }),
  ],
};

export const observerRow: Section = {
  title: 'Errors, log, history',
  panels: [
    graph({
      title: 'PostgreSQL errors by process',
      description:
        'Errors per second. Good: none, or a few lock_timeout. Errors of one process alone point to its host or its address of the database.',
      unit: 'ops',
      width: 8,
      queries: [
        range(
          'A',
          `${total('instance, operation, class', rate(select('bellows_postgres_errors_total')))} > 0`,
          '{{instance}} {{operation}} {{class}}',
        ),
      ],
    }),
    graph({
      title: 'Lines of the log',
      description: 'Events by level. Good: no error; warnings are tried again or wait for somebody.',
      unit: 'ops',
      width: 8,
      queries: [
        range('A', total('level', rate(select('bellows_log_messages_total', 'level!="debug"'))), '{{level}}'),
      ],
    }),
    graph({
      title: 'Entries of the history',
      description:
        'What was done, by people and by itself. Good: what you expect; `bellows history` says who and why.',
      unit: 'none',
      width: 8,
      queries: [
        range('A', `max by (action) (${increase(select('bellows_audit_events_total'))}) > 0`, '{{action}}'),
      ],
    }),
    graph({
      title: 'Readings for the metrics',
      description:
        'How long the readings of PostgreSQL and queue take. Good: well below 2 s, where they are given up.',
      unit: 's',
      width: 12,
      queries: [
        range(
          'A',
          same('instance, collector', 'bellows_collector_duration_seconds'),
          '{{instance}} {{collector}}',
        ),
      ],
    }),
    graph({
      title: 'Readings that failed',
      description:
        'Readings that failed or took longer than 2 s. Good: none. While PostgreSQL cannot be read, everything that is read from it is absent here.',
      unit: 'ops',
      width: 12,
      queries: [
        range('A', total('collector', rate(select('bellows_collector_errors_total'))), '{{collector}}'),
      ],
    }),
  ],
};
