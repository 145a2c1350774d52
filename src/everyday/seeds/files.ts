/** Which files seed an environment: `<env>.sql`, `<env>.ts`, or the files of a folder `<env>/` in the order of their names. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checksumOfText } from '#core/text-checksum';
import { AmbiguousSeedsError, NoSeedsError } from './errors.js';

export interface SeedFile {
  /** As shown: relative to the working directory. */
  readonly file: string;
  /** As recorded: relative to the seeds folder, so that it is the same on every machine. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly kind: 'sql' | 'code';
  readonly source: string;
  readonly checksum: string;
}

const SEED = /^[^._].*\.(sql|ts|js|mjs)$/;
const DECLARATION = /\.d\.[cm]?ts$/;

export interface SeedsFolder {
  /** Absolute. */
  readonly folder: string;
  readonly cwd: string;
}

/** @throws NoSeedsError, AmbiguousSeedsError */
export async function findSeeds(where: SeedsFolder, environment: string): Promise<readonly SeedFile[]> {
  const entries = await readdir(where.folder, { withFileTypes: true }).catch(() => []);
  const own = entries.filter(({ name }) => stem(name) === environment);
  const [only, ...others] = own;
  if (only === undefined) throw noSeeds(where, environment, entries);
  if (others.length > 0)
    throw new AmbiguousSeedsError(
      environment,
      own.map(({ name }) => shown(where, name)),
    );
  if (!only.isDirectory()) return [await read(where, only.name)];
  const names = (await readdir(join(where.folder, only.name))).filter(isSeed).sort();
  if (names.length === 0) throw noSeeds(where, environment, entries);
  return Promise.all(names.map((name) => read(where, `${only.name}/${name}`)));
}

function isSeed(name: string): boolean {
  return SEED.test(name) && !DECLARATION.test(name);
}

/** The environment that a file or folder of the seeds folder is for. */
function stem(name: string): string {
  return isSeed(name) ? name.replace(/\.[^.]+$/, '') : name;
}

function noSeeds(
  where: SeedsFolder,
  environment: string,
  entries: readonly { readonly name: string; isDirectory(): boolean }[],
): NoSeedsError {
  const others = entries
    .filter((entry) => entry.isDirectory() || isSeed(entry.name))
    .map(({ name }) => stem(name));
  return new NoSeedsError(
    environment,
    shown(where, ''),
    others.filter((name) => name !== environment),
  );
}

async function read(where: SeedsFolder, name: string): Promise<SeedFile> {
  const path = join(where.folder, name);
  const source = (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
  const kind = name.endsWith('.sql') ? 'sql' : 'code';
  return { file: shown(where, name), name, path, kind, source, checksum: checksumOfText(source) };
}

function shown({ folder, cwd }: SeedsFolder, name: string): string {
  return relative(cwd, join(folder, name));
}
