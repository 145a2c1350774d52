import { chmod, lstat, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ServerError } from './errors.js';
import { forgetFolder, removeWithUs } from './exit-hooks.js';
import { ownMark } from './process-facts.js';

const DAY_MS = 86_400_000;

/** Where temporary folders go. Root's servers run as another user, who must be able to walk there. */
export async function temporaryBase(): Promise<string> {
  if (process.getuid?.() !== 0) return realpath(tmpdir());
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await openToAll(folder)) return realpath(folder);
  }
  throw unusable(
    'No temporary folder is open to other users.',
    'Set TMPDIR to a folder that every user may enter.',
  );
}

/** Whether any user may walk into this folder: every folder above it must let others through. */
async function openToAll(folder: string): Promise<boolean> {
  try {
    const path = await realpath(folder);
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0) return false;
    return dirname(path) === path || openToAll(dirname(path));
  } catch {
    return false;
  }
}

/**
 * A folder for one server. Its name says who owns it (namespace, process, start time), so that a later start can tell
 * a stale one without reading anything. `keep` gives a name that no sweep touches.
 */
export async function createRunFolder(keep: boolean): Promise<string> {
  const folder = await mkdtemp(join(await temporaryBase(), `bellows-${keep ? 'kept' : ownMark()}-`));
  await chmod(folder, 0o755);
  if (!keep) removeWithUs(folder);
  return folder;
}

/** Removes a folder of `createRunFolder`; nothing of it may be running. */
export async function removeRunFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  forgetFolder(folder);
}

/**
 * A prepared folder that is expensive to make, kept for all processes of this user: made beside its place and renamed
 * into it, so that nobody sees half of it. Made anew each day, because cleaners of temporary folders remove single old
 * files; anything older than the day before is removed.
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const root = await cacheRoot();
  const today = Math.floor(Date.now() / DAY_MS);
  const place = join(root, `${today}-${name}`);
  if (await exists(place)) return place;
  const draft = await mkdtemp(join(root, `${today}-draft-`));
  try {
    await chmod(draft, 0o755);
    await make(draft);
    // A loser of the race keeps the winner's: rename onto a folder that is not empty fails.
    await rename(draft, place).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await removeOlderThan(root, today - 1);
  return place;
}

async function removeOlderThan(root: string, day: number): Promise<void> {
  for (const name of await readdir(root)) {
    if (Number.parseInt(name, 10) < day) await rm(join(root, name), { recursive: true, force: true });
  }
}

async function cacheRoot(): Promise<string> {
  const owner = process.getuid?.() ?? 0;
  const root = join(await temporaryBase(), `bellows-cache-${owner}`);
  await mkdir(root, { recursive: true });
  const facts = await lstat(root);
  // Binaries and data are taken from here: a folder that somebody else made or may write in would be theirs to choose.
  if (!facts.isDirectory() || (process.getuid !== undefined && facts.uid !== owner)) {
    throw unusable(`${root} belongs to somebody else.`, 'Remove it, or set TMPDIR to a folder of your own.');
  }
  await chmod(root, 0o755);
  return root;
}

export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function unusable(what: string, next: string): ServerError {
  return new ServerError('BELLOWS_SERVER_FOLDER', { what, left: 'Nothing was started.', next });
}
