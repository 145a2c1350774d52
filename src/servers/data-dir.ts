import { execFile } from 'node:child_process';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './binaries.js';
import { copyTree } from './copy-tree.js';
import { notStarted } from './errors.js';
import { cached } from './folders.js';
import type { Identity } from './identity.js';
import { cleanEnvironment } from './server-process.js';

const run = promisify(execFile);

/** UTF8 and C so that no result depends on the machine's locale. Trust: the server listens on loopback only. */
const INITDB = ['--encoding=UTF8', '--locale=C', '--username=postgres', '--auth=trust', '--no-sync'];

/**
 * Makes a fresh data folder at `target`, owned by `identity`.
 *
 * initdb takes a second or two, copying its result a fifth of that, so the result is kept and copied. All copies share
 * a system identifier, which only matters to servers that replicate from each other.
 */
export async function createDataDir(
  binaries: PostgresBinaries,
  identity: Identity | undefined,
  target: string,
): Promise<void> {
  const template = await cached(`data-${binaries.version}`, (folder) =>
    initialise(binaries, identity, join(folder, 'data')),
  );
  await copyTree(join(template, 'data'), target, { owner: identity });
  await chmod(target, 0o700);
}

async function initialise(
  binaries: PostgresBinaries,
  identity: Identity | undefined,
  data: string,
): Promise<void> {
  await mkdir(data, { mode: 0o700 });
  if (identity !== undefined) await chown(data, identity.uid, identity.gid);
  const options = { ...identity, cwd: '/', env: cleanEnvironment() };
  await run(binaries.initdb, [...INITDB, '-D', data], options).catch((error: Error & { stderr?: string }) => {
    throw notStarted('initdb failed', error.stderr ?? error.message);
  });
}
