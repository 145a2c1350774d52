/** `seed`: gives an environment the data that it begins with. */
import type { SeedOptions, SeedReport } from '#api';
import { DefinitionError } from '#core/errors';
import type { SeedDefinition, SeededFile, SeedFileStatus } from '#core/seed';
import { applySeed } from '#everyday/seeds/apply';
import { isSeedDefinition } from '#everyday/seeds/code-seed';
import { SeedProductionError } from '#everyday/seeds/errors';
import { findSeeds, type SeedFile } from '#everyday/seeds/files';
import { readStatus } from '#everyday/seeds/ledger';
import { readSqlSeed } from '#everyday/seeds/sql-seed';
import { openLoader } from '#project/load-module';
import type { Context } from './context.js';

export async function seed(context: Context, options: SeedOptions = {}): Promise<SeedReport> {
  const { settings, database } = context;
  const { environment } = settings;
  const seeds = options.seeds ?? (environment === 'default' ? 'development' : environment);
  const files = await findSeeds({ folder: settings.seeds, cwd: settings.cwd }, seeds);
  const report = { seeds, environment, ...(await whereTo(context)) };
  if (options.dryRun === true) {
    const status = await readStatus(database, files, await isThere(context));
    return { ...report, files: status.map((one) => ({ ...one, ...NOTHING_DONE })) };
  }
  if (isProduction(context, seeds) && options.yes !== true) throw new SeedProductionError(seeds, environment);
  await context.install();
  return { ...report, files: await applyAll(context, files, options) };
}

const NOTHING_DONE = { ran: false, statements: 0, seconds: 0 } as const;

function isProduction({ settings }: Context, seeds: string): boolean {
  return settings.production || /^prod(uction)?$/i.test(seeds);
}

async function isThere({ database }: Context): Promise<boolean> {
  const [row] = await database.query<{ there: boolean }>(
    `select to_regclass('bellows.seeds') is not null as there`,
  );
  return row?.there === true;
}

async function whereTo({ database }: Context): Promise<{ readonly database: string }> {
  const [row] = await database.query<{ name: string }>('select current_database()::text as name');
  return { database: row?.name ?? '' };
}

/** All files are read before the first is applied: a mistake in the third must not leave the first two behind. */
async function applyAll(
  context: Context,
  files: readonly SeedFile[],
  options: SeedOptions,
): Promise<readonly SeededFile[]> {
  const loaded = await loadAll(context, files);
  const status = await readStatus(context.database, files, true);
  const done: SeededFile[] = [];
  for (const [i, { file, definition }] of loaded.entries()) {
    const before = status[i];
    if (before === undefined) continue;
    const one = await applyOne(context, { file, definition, before, done, options });
    done.push(one);
    options.onFile?.(one);
  }
  return done;
}

interface Loaded {
  readonly file: SeedFile;
  readonly definition: SeedDefinition | null;
}

async function loadAll(
  { settings: { cwd } }: Context,
  files: readonly SeedFile[],
): Promise<readonly Loaded[]> {
  const loader = await openLoader(cwd);
  const loaded: Loaded[] = [];
  for (const file of files) {
    if (file.kind === 'sql') await readSqlSeed(file);
    const exported = file.kind === 'sql' ? null : await loader.defaultExport(file.path);
    if (exported !== null && !isSeedDefinition(exported)) throw noSeed(file);
    loaded.push({ file, definition: exported });
  }
  return loaded;
}

function noSeed({ file }: SeedFile): DefinitionError {
  return new DefinitionError({
    what: `${file} declares no seed.`,
    left: 'Nothing was changed.',
    next: 'Write: export default defineSeed(async (db) => { … }), with defineSeed from pgbellows.',
  });
}

interface One extends Loaded {
  readonly before: SeedFileStatus;
  readonly done: readonly SeededFile[];
  readonly options: SeedOptions;
}

async function applyOne(
  context: Context,
  { file, definition, before, done, options }: One,
): Promise<SeededFile> {
  const { database, actor, store } = context;
  const began = performance.now();
  const statements = await applySeed({
    ...{ database, seed: file, definition, by: actor, force: options.force ?? false },
    kept: done.filter(({ ran }) => ran).map((one) => one.file),
    onWait: () => options.onWait?.(file.file),
  });
  if (statements === null) return { ...before, state: 'applied', ...NOTHING_DONE };
  const detail = { seed: file.name, checksum: file.checksum, statements };
  await store.record({ actor, migration: null, runId: null, action: 'seed', detail });
  return { ...before, ran: true, statements, seconds: (performance.now() - began) / 1_000 };
}
