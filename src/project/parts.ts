import { type AnyOperation, type Backfill, backfillsOf, type Definition } from '#core/definition';
import { displayTable, parseTable } from '#core/identifier';

/** A part of a definition with the path that a problem with it is reported under. */
export interface Placed<T> {
  readonly path: string;
  readonly part: T;
}

export function operationsOf(
  definition: Definition,
  phase: 'expand' | 'contract',
): readonly Placed<AnyOperation>[] {
  return (definition[phase] ?? []).map((part, i) => ({ path: `${phase}[${i}]`, part }));
}

export function allOperations(definition: Definition): readonly Placed<AnyOperation>[] {
  return [...operationsOf(definition, 'expand'), ...operationsOf(definition, 'contract')];
}

export function placedBackfills(definition: Definition): readonly Placed<Backfill>[] {
  const isList = Array.isArray(definition.backfill);
  return backfillsOf(definition).map((part, i) => ({ path: isList ? `backfill[${i}]` : 'backfill', part }));
}

/** In one spelling for one table (`public.users` is `users`); `null` where none is said. */
export function tableOf(
  part: { readonly table?: string | undefined },
  definition: Definition,
): string | null {
  const written = part.table ?? definition.table;
  return written === undefined ? null : displayTable(parseTable(written));
}

/** The columns that `expand` adds to a table. */
export function addedTo(table: string | null, definition: Definition): ReadonlySet<string> {
  const added = operationsOf(definition, 'expand').flatMap(({ part }) =>
    part.kind === 'addColumn' && tableOf(part, definition) === table ? [part.column] : [],
  );
  return new Set(added);
}

/** A `statement` may add columns that nobody here can see. */
export function addsUnseen(definition: Definition): boolean {
  return operationsOf(definition, 'expand').some(({ part }) => part.kind === 'statement');
}
