import { ConditionError } from '#core/errors';
import type { SqlMigration } from '#core/sql-migration';
import { scan } from '#parser/scan';
import { isCode } from '#parser/tokens';
import { type Unit, unitsOf } from './units.js';

/** A section, read and cut: nothing more can be wrong with how it is written. */
export interface Prepared {
  readonly migration: SqlMigration;
  readonly direction: 'up' | 'down';
  readonly units: readonly Unit[];
}

/** A file is read once, also where it was read ahead. */
const known = new WeakMap<SqlMigration, Prepared>();

/** `loadParser()` must have been awaited. @throws SqlFileError */
export function prepareUp(migration: SqlMigration): Prepared {
  const prepared = known.get(migration) ?? {
    ...{ migration, direction: 'up' },
    units: unitsOf(migration.up, migration),
  };
  known.set(migration, prepared);
  return prepared;
}

/** @throws ConditionError where there is no way back; SqlFileError */
export function prepareDown(migration: SqlMigration): Prepared {
  if (migration.down === null || !hasWayBack(migration)) throw noWayBack([migration.file]);
  return { migration, direction: 'down', units: unitsOf(migration.down, migration) };
}

/** dbmate wants a down block in every file, so an empty one says that there is none. */
export function hasWayBack({ down }: SqlMigration): boolean {
  return down !== null && scan(down.text).some(isCode);
}

/** Forward-only is the usual way; so this says what to do instead. */
export function noWayBack(files: readonly string[]): ConditionError {
  return new ConditionError('BELLOWS_NO_DOWN_BLOCK', {
    what: `${files.join(' and ')} ${files.length === 1 ? 'has' : 'have'} nothing below -- migrate:down.`,
    why: 'What has run in production is safer undone by a new migration than by a block that nobody has tried.',
    left: 'Nothing was changed.',
    next: 'bellows new <name> --sql writes the migration that undoes it.',
  });
}
