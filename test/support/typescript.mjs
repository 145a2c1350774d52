// `node --import ./test/support/typescript.mjs file.ts`: runs the TypeScript sources in a child process of a test,
// as the test runner runs them, so that no test depends on an earlier build.
import { readFile } from 'node:fs/promises';
import { createRequire, register } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// The transformer comes with the test runner; it is looked up through the packages that depend on it.
const inVitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'));
const inVite = createRequire(inVitest.resolve('vite/package.json'));
let transformer;

// The package's own names lead to the build: under this loader there may be none, or an old one.
const OWN = {
  pgbellows: new URL('../../src/index.ts', import.meta.url).href,
  'pgbellows/recipes': new URL('../../phases/recipes/index.ts', import.meta.url).href,
};

export async function resolve(specifier, context, next) {
  if (specifier in OWN) return { url: OWN[specifier], format: 'module', shortCircuit: true };
  const inSource =
    context.parentURL?.endsWith('.ts') && specifier.startsWith('.') && specifier.endsWith('.js');
  // `#core/…` means the sources under this condition, and `dist` without it.
  const sources = { ...context, conditions: [...context.conditions, 'pgbellows-source'] };
  return next(inSource ? `${specifier.slice(0, -2)}ts` : specifier, sources);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  transformer ??= await import(pathToFileURL(inVite.resolve('rolldown/experimental')).href);
  const path = fileURLToPath(url);
  const { code, errors } = transformer.transformSync(path, await readFile(path, 'utf8'));
  if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'));
  return { format: 'module', source: code, shortCircuit: true };
}

if (isMainThread) register(import.meta.url);
