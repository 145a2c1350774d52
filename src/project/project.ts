import { type BellowsError, DefinitionError } from '#core/errors';
import type { SqlMigration } from '#core/sql-migration';
import { FileError } from './errors.js';
import { type LoadedMigration, loadMigration } from './load-migration.js';
import { type Loader, openLoader } from './load-module.js';
import { listMigrationFiles, type MigrationFile } from './migration-files.js';
import type { OfflineSettings } from './settings.js';
import { openSoundDefinitions, type SoundDefinitions } from './sound-definitions.js';
import { readSqlMigration } from './sql-file.js';

export type { LoadedMigration } from './load-migration.js';

/** A file that cannot be used, and why; the others can. */
export interface FileProblem {
  /** As shown: relative to the working directory. */
  readonly file: string;
  /** The id that the file has by its name; `null` where the name is the problem. */
  readonly id: string | null;
  readonly error: BellowsError;
}

export interface Project<S extends OfflineSettings = OfflineSettings> {
  readonly settings: S;
  /** The phased ones, in the order of their names. */
  readonly migrations: readonly LoadedMigration[];
  /** The plain SQL ones, in the order of their names. */
  readonly plain: readonly SqlMigration[];
  readonly problems: readonly FileProblem[];
}

/** Reads all migrations as they are now. What is wrong with a file is in `problems`, and hides no other file. */
export async function loadProject<S extends OfflineSettings>(settings: S): Promise<Project<S>> {
  const { files, problems } = await listMigrationFiles(settings.migrations, settings.cwd);
  const loader = await openLoader(settings.cwd);
  const sound = openSoundDefinitions(loader.cache);
  const loaded = await loadAll(files, (file) => load(file, loader, sound));
  sound.save();
  return {
    settings,
    migrations: loaded.filter((one): one is LoadedMigration => 'definition' in one),
    plain: loaded.filter((one): one is SqlMigration => 'up' in one),
    problems: [
      ...problems.map((error) => ({ file: error.file, id: null, error })),
      ...loaded.filter((one): one is FileProblem => 'error' in one),
    ],
  };
}

type Loaded = LoadedMigration | SqlMigration | FileProblem;

/** One after the other: a file's top level may touch globals, and the order of effects should be the order of the files. */
async function loadAll(
  files: readonly MigrationFile[],
  one: (file: MigrationFile) => Promise<LoadedMigration | SqlMigration>,
): Promise<readonly Loaded[]> {
  const loaded: Loaded[] = [];
  for (const file of files) loaded.push(await one(file).catch((error: unknown) => asProblem(error, file)));
  return loaded;
}

async function load(
  file: MigrationFile,
  loader: Loader,
  sound: SoundDefinitions,
): Promise<LoadedMigration | SqlMigration> {
  return file.path.endsWith('.sql') ? readSqlMigration(file, file.text) : loadMigration(file, loader, sound);
}

function asProblem(error: unknown, { file, id }: MigrationFile): FileProblem {
  if (error instanceof FileError || error instanceof DefinitionError) return { file, id, error };
  throw error;
}
