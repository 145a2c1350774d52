/** Where the files of a project are. */
import { basename, dirname, join, resolve } from 'node:path';
import { type ConfigFile, exists } from './config-file.js';
import type { Sources } from './sources.js';

export async function projectFiles(
  sources: Sources,
): Promise<{ readonly migrations: readonly string[]; readonly schemaFile: string; readonly seeds: string }> {
  const migrations = await migrationFolders(sources);
  return {
    migrations,
    schemaFile: schemaFile(sources, migrations),
    seeds: besideMigrations(sources, migrations, 'seeds', sources.config.seeds),
  };
}

async function migrationFolders({
  cwd,
  file,
  dbmate,
  config,
  overrides,
}: Sources): Promise<readonly string[]> {
  if (overrides.migrations !== undefined)
    return list(overrides.migrations).map((folder) => resolve(cwd, folder));
  if (config.migrations !== undefined)
    return list(config.migrations).map((folder) => resolve(baseOf(file, cwd), folder));
  if (dbmate.migrations !== undefined) return dbmate.migrations.map((folder) => resolve(cwd, folder));
  const [plain, nested] = [join(cwd, 'migrations'), join(cwd, 'db', 'migrations')];
  return [!(await exists(plain)) && (await exists(nested)) ? nested : plain];
}

function schemaFile({ cwd, file, dbmate, config, overrides }: Sources, [folder]: readonly string[]): string {
  if (overrides.schemaFile !== undefined) return resolve(cwd, overrides.schemaFile);
  if (config.schemaFile !== undefined) return resolve(baseOf(file, cwd), config.schemaFile);
  if (dbmate.schemaFile !== undefined) return resolve(cwd, dbmate.schemaFile);
  return join(folder === undefined ? cwd : dirname(folder), 'schema.sql');
}

/** Seeds and checks: in `db/` where the migrations are. */
export function besideMigrations(
  { cwd, file }: Sources,
  [folder]: readonly string[],
  name: string,
  configured: string | undefined,
): string {
  const base = baseOf(file, cwd);
  if (configured !== undefined) return resolve(base, configured);
  const parent = folder === undefined ? base : dirname(folder);
  return join(basename(parent) === 'db' ? parent : base, name);
}

/** What the configuration names is relative to its file. */
function baseOf({ path }: ConfigFile, cwd: string): string {
  return path === null ? cwd : dirname(path);
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
