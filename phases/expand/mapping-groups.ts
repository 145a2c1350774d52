/**
 * Sorts the mappings of a synced backfill into groups: connected by the columns that they read and write. A change is
 * judged and recomputed for each group by itself, so that an old deploy's write to one column never recomputes, and so
 * overwrites, the new value of an unrelated one.
 */
import type { AnalysedExpression } from '#core/analysed-sql';
import type { MappedColumn, MappingGroup, PlanColumn } from '#core/plan';

export interface Mapping {
  readonly column: PlanColumn;
  readonly expression: AnalysedExpression;
  readonly verifiable: boolean;
}

export function mappingGroups(
  forward: readonly Mapping[],
  backward: readonly Mapping[],
  column: (name: string) => PlanColumn,
): readonly MappingGroup[] {
  const added = new Set(forward.map((m) => m.column.name));
  const sets = connected([...forward, ...backward].map((m) => [m.column.name, ...m.expression.columns]));
  return sets
    .map((names) => groupOf(names, forward, backward, added, column))
    .filter((group) => group.forward.length > 0);
}

function groupOf(
  names: ReadonlySet<string>,
  forward: readonly Mapping[],
  backward: readonly Mapping[],
  added: ReadonlySet<string>,
  column: (name: string) => PlanColumn,
): MappingGroup {
  const ahead = forward.filter((m) => names.has(m.column.name));
  const back = backward.filter((m) => names.has(m.column.name));
  const sources = new Set([...ahead.flatMap((m) => m.expression.columns), ...back.map((m) => m.column.name)]);
  return {
    sources: [...sources].filter((name) => !added.has(name)).map(column),
    forward: ahead.map(mapped),
    backward: back.map(mapped),
    verifiable: [...ahead, ...back].every((m) => m.verifiable),
  };
}

function mapped({ column, expression }: Mapping): MappedColumn {
  return { ...column, expression };
}

/** Unions sets that share a member, until none do. */
function connected(lists: readonly (readonly string[])[]): readonly ReadonlySet<string>[] {
  const groups: Set<string>[] = [];
  for (const list of lists) {
    const touching = groups.filter((group) => list.some((name) => group.has(name)));
    const merged = new Set([...touching.flatMap((group) => [...group]), ...list]);
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups;
}
