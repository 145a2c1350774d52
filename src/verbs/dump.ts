import { relative, resolve } from 'node:path';
import type { DumpCheck, DumpOptions, DumpResult } from '#api';
import { readSchemaFile, writeSchemaFile } from '#everyday/dump/file';
import { comparable } from '#everyday/dump/normalise';
import { readParts } from '#everyday/dump/read';
import { type FileParts, type Recipe, recipeOf, schemaFile } from '#everyday/dump/text';
import { unifiedDiff } from '#everyday/dump/unified-diff';
import type { Context } from './context.js';

/** Writes the schema file, or only gives its text; a file that is equal already is not touched. */
export async function dump(context: Context, options: DumpOptions = {}): Promise<DumpResult> {
  const { path, old, parts } = await read(context, options);
  const text = schemaFile(parts);
  const changed = options.write !== false && text !== old;
  if (changed) await writeSchemaFile(path, text);
  return { ...told(context, path, parts), text, changed };
}

/** Compares the schema file with the database; writes nothing. */
export async function checkDump(
  context: Context,
  options: Omit<DumpOptions, 'write'> = {},
): Promise<DumpCheck> {
  const { path, old, parts } = await read(context, options);
  const about = told(context, path, parts);
  const text = schemaFile(parts);
  if (old !== null && comparable(old).join('\n') === comparable(text).join('\n'))
    return { ...about, state: 'current', diff: '' };
  const names = { from: about.file, to: 'the database' };
  const diff = unifiedDiff(lines(old ?? ''), lines(text), names);
  return { ...about, state: old === null ? 'missing' : 'stale', diff };
}

interface Read {
  readonly path: string;
  readonly old: string | null;
  readonly parts: FileParts;
}

async function read({ settings, database }: Context, options: DumpOptions): Promise<Read> {
  const path = options.file === undefined ? settings.schemaFile : resolve(settings.cwd, options.file);
  const old = await readSchemaFile(path);
  const { databaseUrl, migrationsTable } = settings;
  const parts = await readParts({ database, databaseUrl, migrationsTable }, recipe(old, options));
  return { path, old, parts };
}

/** As the file was made before, so that two machines with different tools do not write it in turn. */
function recipe(old: string | null, { provider = 'auto', grants }: DumpOptions): Recipe {
  const before = recipeOf(old ?? '');
  return {
    provider: provider === 'auto' ? (before?.provider ?? 'catalogue') : provider,
    grants: grants ?? before?.grants ?? false,
  };
}

function told({ settings }: Context, path: string, { provider, grants, runs, leftOut }: FileParts) {
  return { file: relative(settings.cwd, path), provider, grants, runsInFlight: runs, leftOut };
}

function lines(text: string): readonly string[] {
  const all = text.replace(/^\ufeff/, '').split(/\r?\n/);
  return all.at(-1) === '' ? all.slice(0, -1) : all;
}
