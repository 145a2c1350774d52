import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Where compiled files are kept: `node_modules/.cache/bellows` of the nearest project above `from`, else a folder in the
 * system's temporary one. `false`: nowhere, each file is compiled again.
 */
export async function cacheFolder(from: string): Promise<string | false> {
  const modules = await nearestModules(from);
  if (modules !== null && (await made(join(modules, '.cache', 'bellows'))))
    return join(modules, '.cache', 'bellows');
  const folder = join(tmpdir(), `bellows-${process.getuid?.() ?? 'user'}`);
  return (await made(folder)) && (await isOnlyOurs(folder)) ? folder : false;
}

async function nearestModules(from: string): Promise<string | null> {
  const folder = join(from, 'node_modules');
  if ((await lstat(folder).catch(() => null))?.isDirectory()) return folder;
  return dirname(from) === from ? null : nearestModules(dirname(from));
}

async function made(folder: string): Promise<boolean> {
  return mkdir(folder, { recursive: true, mode: 0o700 }).then(
    () => true,
    () => false,
  );
}

/** What lies in it is run: in a folder that everybody may write to, another user must not have made it. */
async function isOnlyOurs(folder: string): Promise<boolean> {
  const facts = await lstat(folder);
  if (!facts.isDirectory() || process.getuid === undefined) return facts.isDirectory();
  return facts.uid === process.getuid() && (facts.mode & 0o022) === 0;
}
