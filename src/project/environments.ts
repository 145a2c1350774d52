/** Which environments there are, and which of them is production. */
import { readdir } from 'node:fs/promises';
import type { BellowsConfig } from './config.js';
import { type Problem, problem } from './problems.js';
import { suggestion } from './suggest.js';

/** Endings of `.env.` that are no environment, by the custom of other tools. */
const NO_ENVIRONMENT = /^(local|example|sample|template|dist|defaults)$|\./;

/** The environments that have a file `.env.<environment>` in the folder. */
export async function environmentsOfFiles(cwd: string): Promise<readonly string[]> {
  const names = await readdir(cwd).catch(() => []);
  return names
    .filter((name) => name.startsWith('.env.'))
    .map((name) => name.slice('.env.'.length))
    .filter((name) => name !== '' && !NO_ENVIRONMENT.test(name))
    .sort();
}

/** By its name, where the configuration does not say it. */
export function isProduction(environment: string, config: BellowsConfig): boolean {
  return config.environments?.[environment]?.production ?? /^prod(uction)?$/i.test(environment);
}

/** @param files the environments that have a file of their own */
export function environmentProblems(
  config: BellowsConfig,
  environment: string,
  files: readonly string[],
): readonly Problem[] {
  return [...contradictions(config), ...unknownEnvironment(config, environment, files)];
}

function contradictions({ environments = {} }: BellowsConfig): readonly Problem[] {
  return Object.keys(environments)
    .filter((name) => environments[name]?.gate === 'data-only' && environments[name]?.approval === true)
    .map((name) =>
      problem(`environments.${name}.approval`, "must not be true with the gate 'data-only', which waives it"),
    );
}

/**
 * A name that was mistyped must not end in another environment's database. Where the configuration lists none, a name
 * that only raises the guard is taken: on a production host the variables are real, and no file is there.
 */
export function unknownEnvironment(
  config: BellowsConfig,
  environment: string,
  files: readonly string[],
): readonly Problem[] {
  const listed = Object.keys(config.environments ?? {});
  const known = [...listed, ...files.filter((name) => !listed.includes(name))];
  if (environment === 'default' || known.length === 0 || known.includes(environment)) return [];
  if (listed.length === 0 && isProduction(environment, config)) return [];
  const where = listed.length === 0 ? `there is no .env.${environment}` : `has no "${environment}"`;
  return [problem('environments', `${where}; ${suggestion(environment, known)}`)];
}
