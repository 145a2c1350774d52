import type { Dirent } from 'node:fs';
import { chmod, chown, copyFile, mkdir, readdir, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from './identity.js';

export interface CopyOptions {
  /** Who shall own the copy; left out: ourselves. Only root can give things away. */
  readonly owner?: Identity | undefined;
  /** Lets every user read the copy, whatever the original allows; left out: folders are for their owner only. */
  readonly open?: boolean;
  /** Entries to leave out, by their path inside the tree. */
  readonly skip?: (path: string) => boolean;
}

/**
 * Copies what is inside `from` into `to`, which is made when missing. Files that vanish meanwhile are left out: a
 * running server removes files, and its write-ahead log makes up for it.
 *
 * A folder changes its owner after its content is complete, so that nobody can put links into it while we write.
 */
export async function copyTree(
  from: string,
  to: string,
  options: CopyOptions = {},
  inside = '',
): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true });
  await mkdir(to, { recursive: true, mode: 0o700 });
  const copies = entries.map(async (entry) => {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (options.skip?.(path) === true) return;
    await copyEntry(entry, join(from, entry.name), join(to, entry.name), options, path).catch(unlessGone);
  });
  await Promise.all(copies);
  await finish(to, options);
}

async function copyEntry(entry: Dirent, source: string, target: string, options: CopyOptions, path: string) {
  if (entry.isDirectory()) return copyTree(source, target, options, path);
  if (entry.isSymbolicLink()) return symlink(await readlink(source), target);
  if (!entry.isFile()) return;
  await copyFile(source, target);
  await finish(target, options);
}

async function finish(target: string, { owner, open }: CopyOptions): Promise<void> {
  if (open === true) await chmod(target, ((await stat(target)).mode & 0o100) === 0 ? 0o644 : 0o755);
  if (owner !== undefined) await chown(target, owner.uid, owner.gid);
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
