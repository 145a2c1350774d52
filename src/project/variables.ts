import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Variables } from './config.js';
import { SettingsError } from './errors.js';
import { problem } from './problems.js';

/** The files that variables are read from. */
export interface VariableFiles {
  readonly cwd: string;
  /** As `--env-file` names them, instead of `.env.<env>` and `.env`. */
  readonly named: readonly string[] | undefined;
}

/**
 * The environment with the variables of files below it: what is really set wins, then `.env.<env>`, then `.env`; or, of
 * files that were named, the first one that sets it, as dbmate has it. `process.env` is not touched, so that neither a
 * child process nor a library finds secrets there unasked.
 */
export async function readVariables(
  files: VariableFiles,
  environment: string,
  real: Variables,
): Promise<Variables> {
  if (files.named !== undefined) return { ...(await readNamed(files)), ...real };
  const [own, common] = await Promise.all([
    dotenv(files.cwd, `.env.${environment}`),
    dotenv(files.cwd, '.env'),
  ]);
  return { ...common, ...own, ...real };
}

/** Without an environment: they may say which one it is. */
export async function commonVariables(files: VariableFiles): Promise<Variables> {
  return files.named === undefined ? dotenv(files.cwd, '.env') : readNamed(files);
}

/** @throws SettingsError with every file that cannot be read */
async function readNamed({ cwd, named = [] }: VariableFiles): Promise<Variables> {
  const texts = await Promise.all(
    named.map((name) => readFile(resolve(cwd, name), 'utf8').catch(() => null)),
  );
  const missing = named.filter((_, i) => texts[i] === null);
  if (missing.length > 0) {
    const problems = missing.map((name) => problem('--env-file', `${name} cannot be read`));
    throw new SettingsError(problems, 'the files that --env-file names');
  }
  return Object.assign({}, ...texts.map((text) => parseEnv(text ?? '')).reverse());
}

async function dotenv(cwd: string, name: string): Promise<Variables> {
  const text = await readFile(join(cwd, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    // A folder called `.env` is a virtual environment of another language.
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return '';
    throw error;
  });
  return parseEnv(text);
}
