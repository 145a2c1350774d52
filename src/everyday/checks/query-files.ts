import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { QueryFile } from './world.js';

/** The `.sql` files of the folder in the order of their names; none where there is no folder. Names that begin with `_` or `.` are left alone. */
export async function readQueryFiles(folder: string, cwd: string): Promise<readonly QueryFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => /^[^._].*\.sql$/.test(name)).sort();
  return Promise.all(
    files.map(async (name) => ({
      file: relative(cwd, join(folder, name)),
      source: await readFile(join(folder, name), 'utf8'),
    })),
  );
}
