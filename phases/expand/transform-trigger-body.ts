import { quote } from '#core/identifier';
import type { PlanColumn, SyncedBackfillPlan, TransformPlan } from '#core/plan';
import { opening } from './sync-trigger-body.js';
import {
  allOf,
  anyOf,
  field,
  ifThen,
  imageDiffers,
  indent,
  isGiven,
  isMissing,
  type Lines,
} from './sync-trigger-text.js';

/**
 * The plpgsql body of the sync function where TypeScript computes the new side, which no trigger can do. It only says what
 * has to be computed: `p` what is NULL, since anything else was given by the application, which a new deploy may do from
 * expand on; `s` everything, since the source changed after it had been computed.
 */
export function transformTriggerBody(plan: SyncedBackfillPlan, transform: TransformPlan): string {
  const flags = transform.write.map((_, i) => `given_${i + 1}`);
  return [
    '#variable_conflict use_column',
    'declare',
    ...indent([
      'draft record;',
      'before text;  -- the marker as it was',
      'moved boolean;',
      'changed boolean;',
      ...flags.map((flag) => `${flag} boolean;`),
    ]),
    'begin',
    ...indent([
      ...ofStale(plan, transform),
      ...opening(plan),
      "if moved or (tg_op = 'INSERT' and before in ('q', 's')) then",
      '  return new;',
      'end if;',
      "if tg_op = 'UPDATE' then",
      ...indent([...givenOnUpdate(plan, transform, flags), ...afterUpdate(plan, transform, flags)]),
      'else',
      ...indent([...givenOnInsert(transform, flags), ...afterInsert(plan, transform, flags)]),
      'end if;',
      'return new;',
    ]),
    'end',
  ].join('\n');
}

/** What the batch announces of such a row. Refused, its values are gone: a retry then computes them from nothing. */
function ofStale({ marker }: SyncedBackfillPlan, { write }: TransformPlan): Lines {
  const name = quote(marker);
  const take = (value: (c: PlanColumn) => string) =>
    write.map((c) => `${field('old', c.name)} := ${value(c)};`);
  const announced = (letter: string, lines: Lines, kept: string) =>
    ifThen(`new.${name} = '${letter}'`, [...lines, `old.${name} := '${kept}';`, 'return old;']);
  return ifThen("tg_op = 'UPDATE'", [
    ...ifThen(`old.${name} = 's'`, [
      ...announced(
        'd',
        take((c) => field('new', c.name)),
        'd',
      ),
      ...announced(
        'Q',
        take(() => 'null'),
        'q',
      ),
    ]),
  ]);
}

function givenOnUpdate(plan: SyncedBackfillPlan, { read, write }: TransformPlan, flags: Lines): Lines {
  return [
    `changed := ${imageDiffers('new', 'old', read)};`,
    ...write.flatMap((column, i) => [
      // An application that read the row before it was transformed writes that NULL back.
      ...(column.requiredLater
        ? ifThen(isMissing('new', column.name), [
            `${field('new', column.name)} := ${field('old', column.name)};`,
          ])
        : []),
      `${flags[i]} := ${imageDiffers('new', 'old', [column])};`,
    ]),
    ...ifThen(`not changed and not (${anyOf(flags)})`, [
      `new.${quote(plan.marker)} := before;`,
      'return new;',
    ]),
  ];
}

/**
 * Who changes the source and a new column in one statement knows the new side: what it leaves as it is was meant so. Who
 * changes the source alone may not know it.
 */
function afterUpdate({ marker }: SyncedBackfillPlan, { write }: TransformPlan, flags: Lines): Lines {
  const [any, all] = [anyOf(flags), allOf(flags)];
  const full = allOf(write.map((c) => isGiven('new', c.name)));
  return [
    ...ifThen(`before = 's' and (${any})`, emptied(write, flags)),
    ...ifThen(`before = 'q' and changed and not (${any})`, emptied(write, flags)),
    `new.${quote(marker)} := case`,
    `  when ${all} then 'r'`,
    "  when before in ('p', 's', 'q') then case",
    `    when before = 'q' then case when ${full} then 'r' else 'q' end`,
    `    when not (${any}) then case when changed then 's' else before end`,
    `    when ${full} then 'r'`,
    "    else 'p'",
    '  end',
    `  when ${any} then 'r'`,
    "  else 's'",
    'end;',
  ];
}

/** A trigger cannot see the statement's column list: what differs from the default was given. */
function givenOnInsert({ write }: TransformPlan, flags: Lines): Lines {
  return [
    'draft := new;',
    ...write.filter(hasConstantDefault).map((c) => `${field('draft', c.name)} := (${c.default});`),
    ...write.map((c, i) => `${flags[i]} := ${isGiven('new', c.name)}${differsFromDefault(c)};`),
  ];
}

function afterInsert({ marker }: SyncedBackfillPlan, { write }: TransformPlan, flags: Lines): Lines {
  return [
    ...emptied(write, flags),
    `new.${quote(marker)} := case when ${allOf(flags)} then 'r' else 'p' end;`,
  ];
}

function emptied(write: readonly PlanColumn[], flags: Lines): Lines {
  return write.flatMap((c, i) => ifThen(`not ${flags[i]}`, [`${field('new', c.name)} := null;`]));
}

function hasConstantDefault(column: PlanColumn): boolean {
  return column.default !== null && !column.volatileDefault;
}

function differsFromDefault(column: PlanColumn): string {
  return hasConstantDefault(column) ? ` and ${imageDiffers('new', 'draft', [column])}` : '';
}
