import { type Dirent, readFileSync, realpathSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import { FileError } from './errors.js';

/** A file that may be loaded: its name is right, its version is its own, it lies inside the folder. */
export interface MigrationFile {
  /** The name without its ending: `20240102150000_split_user_name`. */
  readonly id: string;
  /** The leading digits: 14 of a phased migration, any number of a plain one. */
  readonly version: string;
  /** Absolute. */
  readonly path: string;
  /** As shown: relative to the working directory. */
  readonly file: string;
  /** What was in it when it was listed. */
  readonly text: string;
}

export interface Listing {
  /** In the order of their names. */
  readonly files: readonly MigrationFile[];
  readonly problems: readonly FileError[];
}

const PHASED = /^(\d{14})_[A-Za-z0-9_-]+\.(?:ts|js|mjs)$/;
/** As dbmate has it: digits, then whatever. */
const PLAIN = /^(\d+).*\.sql$/;
/** What looks like a migration: anything else in the folder (a README, data) is somebody else's. */
const CANDIDATE = /^\d{14}|\.(ts|js|mjs|mts|cts|cjs|tsx|jsx|sql)$/;

/**
 * Lists the migrations of the folders. Files whose names begin with `_` or `.`, `.d.ts` files and folders inside are left
 * alone: that is where code that several migrations share may live.
 */
export async function listMigrationFiles(folders: readonly string[], cwd: string): Promise<Listing> {
  const listings = await Promise.all(folders.map((folder) => listFolder(folder, cwd)));
  const files = listings.flatMap((listing) => listing.files).sort((a, b) => (a.file < b.file ? -1 : 1));
  const twice = twins(files);
  const refused = new Set(twice.flat());
  return {
    files: files.filter((file) => !refused.has(file)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    problems: [...listings.flatMap((listing) => listing.problems), ...twice.map(sameVersion)],
  };
}

async function listFolder(folder: string, cwd: string): Promise<Listing> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null);
  if (entries === null) return { files: [], problems: [noFolder(relative(cwd, folder) || folder)] };
  const found = entries
    .filter((entry) => !entry.isDirectory() && isCandidate(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const root = await realpath(folder);
  const shown = relative(cwd, folder);
  const judged = found.map((entry) => judge({ folder, shown, root }, entry));
  return {
    files: judged.filter((one): one is MigrationFile => !(one instanceof FileError)),
    problems: judged.filter((one): one is FileError => one instanceof FileError),
  };
}

function isCandidate(name: string): boolean {
  return CANDIDATE.test(name) && !/^[._]|\.d\.[cm]?ts$/.test(name);
}

interface Place {
  /** Absolute; as it is shown; and with every link followed. */
  readonly folder: string;
  readonly shown: string;
  readonly root: string;
}

/** Reads at once: of a thousand small files, each asked for on its own costs more than it holds. */
function judge({ folder, shown, root }: Place, entry: Dirent): MigrationFile | FileError {
  const { name } = entry;
  const path = join(folder, name);
  const file = join(shown, name);
  const version = (PHASED.exec(name) ?? PLAIN.exec(name))?.[1];
  if (version === undefined) return badName(file);
  try {
    // A link out of the folder would run code that nobody reviewed as a migration.
    if (entry.isSymbolicLink() && !realpathSync(path).startsWith(root + sep)) return outside(file);
    const text = readFileSync(path, 'utf8');
    return text.trim() === ''
      ? empty(file)
      : { id: basename(name, extname(name)), version, path, file, text };
  } catch {
    return unreadable(file);
  }
}

function twins(files: readonly MigrationFile[]): readonly (readonly MigrationFile[])[] {
  const groups = new Map<string, MigrationFile[]>();
  for (const file of files) groups.set(file.version, [...(groups.get(file.version) ?? []), file]);
  return [...groups.values()].filter((group) => group.length > 1);
}

function noFolder(folder: string): FileError {
  return new FileError('BELLOWS_FOLDER_MISSING', folder, {
    what: `There is no folder ${folder} to read migrations from.`,
    next: 'bellows new <name> makes the first migration; or set `migrations` in bellows.config.ts.',
  });
}

function badName(file: string): FileError {
  return new FileError('BELLOWS_FILE_NAME', file, {
    what: `${file} is not named as a migration.`,
    why: 'The name is the id and the place in time: YYYYMMDDHHMMSS_name.ts (or .js, .mjs), the name of letters, digits, "_" and "-"; or YYYYMMDDHHMMSS_name.sql.',
    next: 'Rename it (bellows new <name> makes such a name), or put code that migrations share into a folder, or into a file that begins with "_".',
  });
}

function sameVersion(files: readonly MigrationFile[]): FileError {
  const names = files.map(({ file }) => file);
  return new FileError(
    'BELLOWS_FILE_VERSION',
    names[0] ?? '',
    {
      what: `${names.join(' and ')} have the same version ${files[0]?.version ?? ''}.`,
      why: 'The version is the order in which migrations run; with two of the same nobody can say which comes first.',
      next: 'Give the one that has not run anywhere a version of its own.',
    },
    { files: names },
  );
}

function empty(file: string): FileError {
  return new FileError('BELLOWS_FILE_EMPTY', file, {
    what: `${file} is empty.`,
    next: 'Write the migration, or delete the file.',
  });
}

function outside(file: string): FileError {
  return new FileError('BELLOWS_FILE_OUTSIDE', file, {
    what: `${file} is a link to a file outside the migrations folder.`,
    why: 'Only files inside the configured folder are run.',
    next: 'Put the file itself into the folder.',
  });
}

function unreadable(file: string): FileError {
  return new FileError('BELLOWS_FILE_UNREADABLE', file, {
    what: `${file} cannot be read.`,
    next: 'Check that it is there (a link may point nowhere) and that this user may read it.',
  });
}
