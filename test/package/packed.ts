/** The package as it would be published: packed once for each state of the build, installed as a stranger would. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'bellows-tests');
const PACKED = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'dist/bundle',
  'dist/src',
  'dist/phases',
];
const KEPT_MS = 3_600_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code; kills it after `timeoutMs` (default 55,000). */
export async function run(
  program: string,
  args: readonly string[],
  {
    cwd,
    env = {},
    timeoutMs = 55_000,
  }: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  },
): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...cleanEnvironment(), ...env }, timeout: timeoutMs, maxBuffer: 1e8 };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: code === -1 ? `${stderr}\n${error?.message}` : stderr });
    });
  });
}

/** A stranger's shell: without what `npm test` and the test runner tell their children, and without other databases. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(npm_(package|lifecycle)_|npm_(command|execpath|config_(local_prefix|prefix))$|INIT_CWD$)/;
  const others = /^(VITEST|NODE_ENV$|NODE_OPTIONS$|DATABASE_URL$|REDIS_URL$|BELLOWS_|DBMATE_|PG[A-Z]+$)/;
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name) && !others.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', npm_config_loglevel: 'error' };
}

export function failed(what: string, { code, stdout, stderr }: Ran): Error {
  return new Error(`${what} ended with ${code}\n${stdout}\n${stderr}`);
}

/** The path of the tarball. */
export async function packed(): Promise<string> {
  await stat(join(ROOT, 'dist/src/index.js')).catch(() => {
    throw new Error('There is no build to pack: npm run build');
  });
  const tarball = join(CACHE, `pgbellows-${await stateOfBuild()}.tgz`);
  if (await exists(tarball)) return tarball;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'pack-'));
  try {
    const packing = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: ROOT,
    });
    const [name] = await readdir(folder);
    if (packing.code !== 0 || name === undefined) throw failed('npm pack', packing);
    // Another test file may have been as quick: one of the two, which are the same, stays.
    await rename(join(folder, name), tarball);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await removeOld();
  return tarball;
}

async function stateOfBuild(): Promise<string> {
  const hash = createHash('sha256');
  for (const part of PACKED) {
    for (const file of await filesBelow(join(ROOT, part))) {
      const { mtimeMs, size } = await stat(file);
      hash.update(`${file} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function removeOld(): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const { mtimeMs } = await stat(join(CACHE, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > KEPT_MS) await rm(join(CACHE, name), { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A file itself, or all files below a folder; absolute, sorted. */
export async function filesBelow(path: string): Promise<readonly string[]> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return [];
  if (!facts.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** An empty folder outside the repository, so that no `node_modules` of ours is found from it; the caller removes it. */
export async function strangersFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'bellows-stranger-'));
}

/** A copy of the tarball under the name that npm gives it, in a folder that has nothing else. */
export async function tarballIn(folder: string): Promise<string> {
  const copy = join(folder, 'pgbellows.tgz');
  await copyFile(await packed(), copy);
  return copy;
}

/** Type-checks a project; the compiler's lines, empty where it has none. */
export async function typeErrors(project: string): Promise<string> {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout, stderr } = await run(process.execPath, [compiler, '-p', project], { cwd: project });
  return `${stdout}${stderr}`.trim();
}
