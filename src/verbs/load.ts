import { relative, resolve } from 'node:path';
import type { LoadOptions, LoadResult } from '#api';
import { SchemaFileError } from '#everyday/dump/errors';
import { readSchemaFile } from '#everyday/dump/file';
import { loadSchema } from '#everyday/dump/load';
import type { Context } from './context.js';

export async function load({ settings, database }: Context, options: LoadOptions = {}): Promise<LoadResult> {
  const path = options.file === undefined ? settings.schemaFile : resolve(settings.cwd, options.file);
  const file = relative(settings.cwd, path);
  const text = await readSchemaFile(path);
  if (text === null) {
    throw new SchemaFileError(
      `There is no schema file ${file}.`,
      'Nothing was done.',
      'Write it with bellows dump on a migrated database, or name another: --file.',
    );
  }
  const started = performance.now();
  const signal = options.signal ?? new AbortController().signal;
  const loaded = await loadSchema(database, { file, text }, signal);
  return { file, ...loaded, seconds: (performance.now() - started) / 1000 };
}
