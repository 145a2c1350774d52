/** The schema file on the disk. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SchemaFileError } from './errors.js';

/** Its text; null where there is none. */
export async function readSchemaFile(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new SchemaFileError(
      `${path} cannot be read (${error.code ?? error.message}).`,
      'Nothing was done.',
      'Correct the path: --file, or schemaFile in bellows.config.ts.',
    );
  });
}

/** All of it or nothing: whoever reads meanwhile, and whoever finds it after a crash, has the old file or the new one. */
export async function writeSchemaFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, text, { flag: 'wx' });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new SchemaFileError(
      `${path} cannot be written (${code}).`,
      'The old file, where there is one, was not touched.',
      'Correct the path or its rights: --file, or schemaFile in bellows.config.ts.',
    );
  }
}
