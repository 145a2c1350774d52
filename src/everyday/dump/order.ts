import { CircleError } from './errors.js';
import type { Address, DumpObject } from './object.js';

/** What depends on what, by the rows of the catalogue. */
export interface Dependencies {
  readonly of: (from: Address) => readonly Address[];
  /** The row that comes with another: an array type with its element's, a row type with its table. */
  readonly partOf: (part: Address) => Address | undefined;
  /** The extension that a row belongs to. */
  readonly memberOf: (member: Address) => Address | undefined;
}

/** The object whose statements bring a row about. */
export function ownerOf(
  owners: ReadonlyMap<Address, DumpObject>,
  row: Address,
  next: (row: Address) => Address | undefined,
): DumpObject | undefined {
  for (let at: Address | undefined = row; at !== undefined; at = next(at)) {
    const found = owners.get(at);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function ownersOf(objects: readonly DumpObject[]): ReadonlyMap<Address, DumpObject> {
  return new Map(objects.flatMap((object) => object.owns.map((row) => [row, object] as const)));
}

/**
 * Each object behind what it depends on, and among those that could be next by rank and name: the same catalogue gives the
 * same order on every server.
 *
 * @throws CircleError for objects that depend on each other and cannot be created in pieces
 */
export function ordered(objects: readonly DumpObject[], dependencies: Dependencies): readonly DumpObject[] {
  const needs = needsOf(objects, dependencies);
  const sorted = sort(objects, needs);
  if (sorted.length === objects.length) return sorted;
  const circle = circleIn(objects, new Set(sorted), needs);
  const divided = circle.find((object) => object.split !== undefined);
  if (divided?.split === undefined) throw new CircleError(circle.map((object) => object.name));
  const pieces = divided.split();
  return ordered(
    objects.flatMap((object) => (object === divided ? pieces : [object])),
    dependencies,
  );
}

type Needs = ReadonlyMap<DumpObject, ReadonlySet<DumpObject>>;

function needsOf(objects: readonly DumpObject[], dependencies: Dependencies): Needs {
  const owners = ownersOf(objects);
  const next = (row: Address) => dependencies.partOf(row) ?? dependencies.memberOf(row);
  return new Map(
    objects.map((object) => {
      const rows = [...object.owns.flatMap(dependencies.of), ...(object.needs ?? [])];
      const needed = rows.filter((row) => !object.without?.includes(row));
      const others = new Set<DumpObject>();
      for (const row of needed) {
        const other = ownerOf(owners, row, next);
        if (other !== undefined && other !== object) others.add(other);
      }
      return [object, others];
    }),
  );
}

/** Kahn's algorithm; what stands in a circle, or behind one, is left out. */
function sort(objects: readonly DumpObject[], needs: Needs): readonly DumpObject[] {
  const missing = new Map(objects.map((object) => [object, needs.get(object)?.size ?? 0]));
  const neededBy = new Map<DumpObject, DumpObject[]>();
  for (const [object, others] of needs) for (const other of others) append(neededBy, other, object);
  const ready = objects.filter((object) => missing.get(object) === 0).sort((a, b) => byRankAndName(b, a));
  const sorted: DumpObject[] = [];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    sorted.push(next);
    for (const object of neededBy.get(next) ?? []) {
      const left = (missing.get(object) ?? 0) - 1;
      missing.set(object, left);
      if (left === 0) insert(ready, object);
    }
  }
  return sorted;
}

/** Every object that is left needs another one that is left: going from one to the next comes round. */
function circleIn(
  objects: readonly DumpObject[],
  done: ReadonlySet<DumpObject>,
  needs: Needs,
): readonly DumpObject[] {
  const path: DumpObject[] = [];
  let at = objects.filter((object) => !done.has(object)).sort(byRankAndName)[0];
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = [...(needs.get(at) ?? [])].filter((object) => !done.has(object)).sort(byRankAndName)[0];
  }
  return at === undefined ? path : path.slice(path.indexOf(at));
}

/** By code units, not by the language of the machine. */
export function byRankAndName(a: DumpObject, b: DumpObject): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Adds to the list under a key. Thousands of objects need one schema: a new list each time would take its square. */
export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Keeps the list sorted with the next one last. */
function insert(list: DumpObject[], item: DumpObject): void {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = list[middle];
    if (other !== undefined && byRankAndName(other, item) > 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}
