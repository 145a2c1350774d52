import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Variables } from './config.js';
import { openLoader } from './load-module.js';

export const CONFIG_NAMES = ['bellows.config.ts', 'bellows.config.js', 'bellows.config.mjs'] as const;

export interface ConfigFile {
  /** Absolute; `null` where there is none. */
  readonly path: string | null;
  /** What it exports, not checked yet; `{}` where there is none. */
  readonly content: unknown;
  /** Further files that would have been read, had the first not been there. */
  readonly shadowed: readonly string[];
}

/** @throws FileError for a file that cannot be loaded */
export async function readConfigFile(cwd: string, variables: Variables): Promise<ConfigFile> {
  const found = await existing(cwd);
  const [name, ...shadowed] = found;
  if (name === undefined) return { path: null, content: {}, shadowed };
  const path = join(cwd, name);
  const exported = await (await openLoader(cwd)).defaultExport(path);
  return { path, content: typeof exported === 'function' ? await exported(variables) : exported, shadowed };
}

async function existing(cwd: string): Promise<readonly string[]> {
  const there = await Promise.all(CONFIG_NAMES.map((name) => exists(join(cwd, name))));
  return CONFIG_NAMES.filter((_, i) => there[i]);
}

export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
