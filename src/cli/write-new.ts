import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { exists } from '#project/config-file';

export interface Written {
  /** Relative to the working directory. */
  readonly path: string;
  /** False: something of that name was there, and was left alone. */
  readonly written: boolean;
}

/** Writes a file where there is none; never over one. */
export async function writeNew(cwd: string, path: string, text: string): Promise<Written> {
  const shown = relative(cwd, path);
  if (await exists(path)) return { path: shown, written: false };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx' });
  return { path: shown, written: true };
}
