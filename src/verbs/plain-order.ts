/** Which earlier migration a plain one waits for: only one that is on the way and works on what the plain one mentions. */
import { displayTable, parseTable, type TableName } from '#core/identifier';
import type { SqlMigration } from '#core/sql-migration';
import { isFinal } from '#core/state';
import { type Mentions, mentionsOf } from '#everyday/sql/mentions';
import { tablesOf } from '#phases/plan/touches';
import type { RunRow } from '#ports';
import type { LoadedMigration } from '#project/project';

/** An earlier migration that is not through: by its run, or by its file where it has none yet. */
export interface Ahead {
  readonly id: string;
  readonly tables: readonly TableName[];
  /** `schema.table.column`, or `schema.table`; null: all of the tables. */
  readonly objects: readonly string[] | null;
}

export function aheadOfRun({ migration, plan, state }: RunRow): Ahead | null {
  if (isFinal(state)) return null;
  return { id: migration, tables: plan.tables, objects: [...plan.touches, ...plan.drops] };
}

export function aheadOfFile({ id, definition }: LoadedMigration): Ahead {
  return { id, tables: tablesOf(definition), objects: null };
}

/** A plain one that waits, or stopped half-way. */
export function aheadOfPlain(migration: SqlMigration): Ahead {
  return { id: migration.id, tables: mentionsOf(migration).tables.map(parseTable), objects: null };
}

/** In words; null where nothing stands in the way. `loadParser()` must have been awaited. */
export function waitOfPlain(migration: SqlMigration, ahead: readonly Ahead[]): string | null {
  if (ahead.length === 0) return null;
  const mentions = mentionsOf(migration);
  for (const other of ahead) {
    const shared = sharedObject(other, mentions);
    if (shared !== null) return `waits for ${other.id}: both change ${shared}`;
  }
  return null;
}

function sharedObject({ tables, objects }: Ahead, { words, wholeTable }: Mentions): string | null {
  for (const table of tables.filter(({ name }) => words.has(name))) {
    if (objects === null || wholeTable) return displayTable(table);
    const prefix = `${table.schema}.${table.name}`;
    const object = objects.find(
      (o) => o === prefix || (o.startsWith(`${prefix}.`) && words.has(o.slice(prefix.length + 1))),
    );
    if (object !== undefined) return `${displayTable(table)}${object.slice(prefix.length)}`;
  }
  return null;
}

/** A phased migration behind a plain one that waits: the table may be about to change, or not be there yet. */
export function waitOfPhased(file: LoadedMigration, plainAhead: readonly Ahead[]): string | null {
  const own = tablesOf(file.definition);
  for (const { id, tables } of plainAhead) {
    const shared = tables.find(({ name }) => own.some((table) => table.name === name));
    if (shared !== undefined) return `waits for ${id}: both change ${displayTable(shared)}`;
  }
  return null;
}
