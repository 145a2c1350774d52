/** A project of the demo's own: a folder with the two migrations that it runs. */
import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SPLIT = '20240102150000_split_user_name';
export const RENAME = '20240201100000_rename_order_status';

/** Its folder, in the system's place for temporary ones; the caller removes it. */
export async function createProject(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'bellows-demo-'));
  const folder = join(cwd, 'migrations');
  await mkdir(folder);
  // By the package's own name: the sources and the build lie at different depths.
  const examples = fileURLToPath(new URL('./migrations/', import.meta.resolve('pgbellows/package.json')));
  for (const id of [SPLIT, RENAME]) await copyFile(join(examples, `${id}.ts`), join(folder, `${id}.ts`));
  return cwd;
}
