import { quote } from '#core/identifier';
import { filledColumns, type MappingGroup, type SyncedBackfillPlan } from '#core/plan';
import { groupLines } from './sync-trigger-group.js';
import { field, ifThen, indent, type Lines, uniqueColumns } from './sync-trigger-text.js';

/**
 * The plpgsql body of the sync function.
 *
 * `use_column`: inside a subquery of a mapping, a column wins over a variable of this function that has its name.
 */
export function syncTriggerBody(plan: SyncedBackfillPlan): string {
  return [
    '#variable_conflict use_column',
    'declare',
    ...indent(declarations(plan.groups)),
    'begin',
    ...indent([
      ...opening(plan),
      ...plan.groups.flatMap((group) => ['', ...groupLines(group)]),
      '',
      ...closing(plan),
      'return new;',
    ]),
    'end',
  ].join('\n');
}

function declarations(groups: readonly MappingGroup[]): Lines {
  const flags = Math.max(...groups.map((group) => group.forward.length));
  return [
    'draft record;  -- the row in the making: taken over as a whole, or not at all',
    'was record;',
    'before text;  -- the marker as it was',
    "marks text := '';",
    'mark text;',
    'agreed text;',
    'fill boolean;',
    'refused boolean;',
    'moved boolean;',
    'old_given boolean;',
    ...Array.from({ length: flags }, (_, i) => `given_${i + 1} boolean;`),
  ];
}

export function opening(plan: SyncedBackfillPlan): Lines {
  const marker = quote(plan.marker);
  return [
    "if tg_op = 'UPDATE' then",
    ...indent([
      `before := old.${marker};`,
      ...batchLines(plan),
      `-- announced by Bellows: Q refuses the row, P returns it to the sweep, B leaves it to the application`,
      ...ifThen(`new.${marker} in ('Q', 'P', 'B')`, [
        `old.${marker} := case new.${marker} when 'Q' then 'q' when 'P' then 'p' else 'b' end;`,
        'return old;',
      ]),
    ]),
    'else',
    ...indent([`before := new.${marker};`]),
    'end if;',
    '-- a row with a marker of its own comes from another partition, or is a copy',
    "moved := tg_op = 'INSERT' and before in ('d', 'f', 'r', 'b');",
  ];
}

/** OLD with the declared columns is the row without what other BEFORE triggers changed, whatever its type. */
function batchLines(plan: SyncedBackfillPlan): Lines {
  if (!plan.restores) return [];
  const marker = quote(plan.marker);
  const declared = uniqueColumns(filledColumns(plan));
  return [
    '-- a batch: keep what it declared, give back everything else',
    ...ifThen(`before = 'p' and new.${marker} = 'd'`, [
      ...declared.map((c) => `${field('old', c.name)} := ${field('new', c.name)};`),
      `old.${marker} := 'd';`,
      'return old;',
    ]),
  ];
}

/** The strongest letter of all groups; so whatever an application wrote to the marker is gone. A group that was not touched brings in the marker that the row had. */
function closing(plan: SyncedBackfillPlan): Lines {
  const marker = quote(plan.marker);
  if (plan.groups.length === 1) return [`new.${marker} := marks;`];
  return [
    `new.${marker} := case`,
    ...['q', 'b', 'r', 'f'].map((m) => `  when pg_catalog.strpos(marks, '${m}') > 0 then '${m}'`),
    "  else 'd'",
    'end;',
  ];
}
