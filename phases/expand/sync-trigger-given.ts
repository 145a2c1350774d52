import type { MappingGroup, PlanColumn } from '#core/plan';
import {
  allOf,
  anyOf,
  field,
  ifThen,
  imageDiffers,
  isGiven,
  isMissing,
  type Lines,
} from './sync-trigger-text.js';

/**
 * Which columns an INSERT gave. A trigger cannot see the statement's column list, so: what differs from the constant
 * default. A value where the default is volatile may be anybody's; it counts when nothing surer speaks for the other side,
 * the old side's first.
 */
export function givenOnInsert(group: MappingGroup): Lines {
  const sure = group.forward.filter((c) => !c.volatileDefault).map((c) => flag(group, c));
  const volatile = group.forward.filter((c) => c.volatileDefault);
  return [
    ...defaults([...group.sources, ...group.forward]),
    ...group.forward
      .filter((c) => !c.volatileDefault)
      .map((column) => `${flag(group, column)} := ${differs(column)};`),
    `old_given := ${oldGiven(group.sources, sure)};`,
    ...volatile.map((c) => `${flag(group, c)} := not old_given and ${isGiven('new', c.name)};`),
    ...defaultsCount(group),
    ...(hasDefaults([...group.sources, ...group.forward]) ? ['draft := new;'] : []),
  ];
}

/** The assignment brings the default to the column's type and scale: a plain 0 is stored as 0.00 in numeric(10,2). */
function defaults(columns: readonly PlanColumn[]): Lines {
  return columns
    .filter(hasConstantDefault)
    .map((column) => `${field('draft', column.name)} := (${column.default});`);
}

function oldGiven(sources: readonly PlanColumn[], sure: Lines): string {
  const certain = sources.filter((c) => !c.volatileDefault).map(differs);
  const perhaps = sources.filter((c) => c.volatileDefault).map((c) => isGiven('new', c.name));
  if (perhaps.length === 0) return anyOf(certain);
  const unopposed =
    sure.length === 0 ? `(${anyOf(perhaps)})` : `((${anyOf(perhaps)}) and not (${anyOf(sure)}))`;
  return anyOf([...certain, unopposed]);
}

/** With no old side at all, a new column's default is the only truth there is. */
function defaultsCount(group: MappingGroup): Lines {
  const withDefault = group.forward.filter(hasConstantDefault);
  const noOldSide = allOf(group.sources.map((c) => isMissing('new', c.name)));
  return ifThen(
    `not old_given and ${noOldSide}`,
    withDefault.map((c) => `${flag(group, c)} := ${isGiven('new', c.name)};`),
  );
}

function differs(column: PlanColumn): string {
  if (!hasConstantDefault(column)) return isGiven('new', column.name);
  const different = imageDiffers('new', 'draft', [column]);
  return column.requiredLater ? `(${different} and ${isGiven('new', column.name)})` : different;
}

function flag(group: MappingGroup, column: PlanColumn): string {
  return `given_${group.forward.findIndex((c) => c.name === column.name) + 1}`;
}

function hasConstantDefault(column: PlanColumn): boolean {
  return column.default !== null && !column.volatileDefault;
}

function hasDefaults(columns: readonly PlanColumn[]): boolean {
  return columns.some(hasConstantDefault);
}
