/** Phased and plain migrations in one order, by their names. */
import type { UpOptions } from '#api';
import { DefinitionError } from '#core/errors';
import type { SqlMigration } from '#core/sql-migration';
import type { LoadedMigration, Project } from '#project/project';
import { isNamed } from './find.js';
import type { Standing } from './status.js';

export type Entry =
  | { readonly kind: 'phased'; readonly id: string; readonly version: string; readonly file: LoadedMigration }
  | { readonly kind: 'sql'; readonly id: string; readonly version: string; readonly file: SqlMigration };

export function timelineOf({ migrations, plain }: Pick<Project, 'migrations' | 'plain'>): readonly Entry[] {
  const entries: readonly Entry[] = [
    ...migrations.map((file) => ({ kind: 'phased', id: file.id, version: file.version, file }) as const),
    ...plain.map((file) => ({ kind: 'sql', id: file.id, version: file.version, file }) as const),
  ];
  return entries.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** What `up` was asked for. @throws DefinitionError where no file has the name */
export function select(
  entries: readonly Entry[],
  { migration, to }: Pick<UpOptions, 'migration' | 'to'>,
): readonly Entry[] {
  const name = migration ?? to;
  if (name === undefined) return entries;
  const entry = entries.find(({ id, version }) => isNamed(id, name) || version === name);
  if (entry === undefined) {
    throw new DefinitionError({
      what: `There is no migration "${name}" in the migrations folder.`,
      left: 'Nothing was changed.',
      next: 'bellows status lists them.',
    });
  }
  return migration === undefined ? entries.filter(({ id }) => id <= entry.id) : [entry];
}

export function areThrough(entries: readonly Entry[], { runs, plain }: Standing): boolean {
  const states = new Map(runs.map(({ migration, state }) => [migration, state.kind]));
  return entries.every(({ kind, id, version }) => {
    const state = kind === 'phased' ? states.get(id) : undefined;
    return state === undefined ? plain.ledger.applied.has(version) : state === 'done';
  });
}
