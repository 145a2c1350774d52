import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Variables } from './config.js';

/**
 * The environment with `.env.<env>` and `.env` of the folder below it: what is really set wins, then the environment's own
 * file. `process.env` is not touched, so that neither a child process nor a library finds secrets there unasked.
 */
export async function readVariables(cwd: string, environment: string, real: Variables): Promise<Variables> {
  const [own, common] = await Promise.all([dotenv(cwd, `.env.${environment}`), dotenv(cwd, '.env')]);
  return { ...common, ...own, ...real };
}

/** The `.env` alone: it may say which environment it is. */
export async function dotenv(cwd: string, name: string): Promise<Variables> {
  const text = await readFile(join(cwd, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    // A folder called `.env` is a virtual environment of another language.
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return '';
    throw error;
  });
  return parseEnv(text);
}
