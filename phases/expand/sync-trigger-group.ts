import { renderExpression } from '#core/analysed-sql';
import type { MappedColumn, MappingGroup } from '#core/plan';
import { givenOnInsert } from './sync-trigger-given.js';
import {
  allOf,
  anyOf,
  commentName,
  field,
  ifThen,
  imageDiffers,
  indent,
  isMissing,
  type Lines,
} from './sync-trigger-text.js';

/** What the trigger does for one group of connected mappings. */
export function groupLines(group: MappingGroup): Lines {
  const flags = group.forward.map((_, i) => `given_${i + 1}`);
  return [
    `-- ${names(group.sources)} ${group.backward.length === 0 ? '->' : '<->'} ${names(group.forward)}`,
    ...ifThen("tg_op = 'UPDATE'", givenOnUpdate(group)),
    `if tg_op = 'UPDATE' and before not in ('p', 'q') and not (${anyOf(['old_given', ...flags])}) then`,
    '  marks := marks || before;',
    'else',
    ...indent(recompute(group, flags)),
    'end if;',
  ];
}

function names(columns: readonly { readonly name: string }[]): string {
  return columns.map((c) => commentName(c.name)).join(', ');
}

function givenOnUpdate(group: MappingGroup): Lines {
  return [
    `old_given := ${imageDiffers('new', 'old', group.sources)};`,
    ...group.forward.flatMap((column, i) => [
      // An application that read the row before it was filled writes that NULL back.
      ...(column.requiredLater
        ? ifThen(isMissing('new', column.name), [
            `${field('new', column.name)} := ${field('old', column.name)};`,
          ])
        : []),
      `given_${i + 1} := ${imageDiffers('new', 'old', [column])};`,
    ]),
  ];
}

/** In a block of its own: an error of the mapping must not become one of the application's statement. */
function recompute(group: MappingGroup, flags: Lines): Lines {
  return [
    'begin',
    ...indent([
      'draft := new;',
      ...ifThen("tg_op = 'INSERT'", givenOnInsert(group)),
      "fill := tg_op = 'UPDATE' and before = 'p';",
      'agreed := null;',
      'refused := false;',
      ...ifThen("before = 'q' or moved", agreement(group)),
      ...decision(group, flags),
      'new := draft;',
    ]),
    // OTHERS leaves out a failed ASSERT and a cancelled query; a cancel must go on to be one.
    'exception when others or assert_failure then',
    "  mark := 'q';",
    'end;',
    'marks := marks || mark;',
  ];
}

/**
 * Of a refused row nobody knows which side the application wrote last, unless the new side is empty or both sides agree.
 * A row from another partition has been judged there already: where its sides agree it keeps its marker.
 */
function agreement(group: MappingGroup): Lines {
  const empty = allOf(group.forward.map((c) => isMissing('was', c.name)));
  return [
    "if tg_op = 'UPDATE' then was := old; else was := new; end if;",
    `if before = 'q' and ${empty} then`,
    '  fill := true;',
    'else',
    ...indent([
      ...agrees(group.forward, 'f'),
      ...ifThen('agreed is null', group.backward.length === 0 ? [] : agrees(group.backward, 'r')),
      "refused := before = 'q' and agreed is null;",
    ]),
    'end if;',
  ];
}

function agrees(columns: readonly MappedColumn[], mark: 'f' | 'r'): Lines {
  return [
    'begin',
    ...indent([
      'draft := was;',
      ...columns.map((c) => compute(c, 'was')),
      ...ifThen(`not ${imageDiffers('draft', 'was', columns)}`, [`agreed := '${mark}';`]),
    ]),
    'exception when others or assert_failure then',
    '  null;',
    'end;',
    'draft := new;',
  ];
}

function decision(group: MappingGroup, flags: Lines): Lines {
  const any = anyOf(flags);
  const all = allOf(flags);
  return [
    `if agreed is not null and (tg_op = 'INSERT' or not (${anyOf(['old_given', ...flags])})) then`,
    "  mark := case when before = 'q' then agreed else before end;",
    `elsif refused and (tg_op = 'INSERT' or not (old_given or (${all}))) then`,
    "  mark := 'q';",
    `elsif old_given and (${any}) then`,
    ...indent([...ifThen('not moved', ungiven(group)), "mark := 'b';"]),
    `elsif ${any} then`,
    ...indent([...ifThen('fill', ungiven(group)), ...reverse(group), "mark := 'r';"]),
    'else',
    ...indent([...group.forward.map((c) => compute(c, 'new')), "mark := 'f';"]),
    'end if;',
  ];
}

/** NEW may stand for OLD: where only the new side was given, the old side is as it was. */
function ungiven(group: MappingGroup): Lines {
  return group.forward.flatMap((column, i) => ifThen(`not given_${i + 1}`, [compute(column, 'new')]));
}

/** Over the row as it was filled. Where a reverse reads what a reverse writes, all must see the values from before. */
function reverse(group: MappingGroup): Lines {
  const written = new Set(group.backward.map((c) => c.name));
  const tangled = group.backward.some((c) => c.expression.columns.some((name) => written.has(name)));
  if (!tangled || group.backward.length === 1) return group.backward.map((c) => compute(c, 'draft'));
  return ['was := draft;', ...group.backward.map((c) => compute(c, 'was'))];
}

/** The assignment brings the value to the column's type and length, as an INSERT would. */
function compute(column: MappedColumn, row: 'new' | 'was' | 'draft'): string {
  const expression = renderExpression(column.expression, (name) => field(row, name));
  return `${field('draft', column.name)} := (${expression});`;
}
