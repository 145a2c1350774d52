/**
 * Makes the command as it is shipped out of the build: `dist/bundle/bellows.js`, and the chunks that it loads when they are needed.
 * The build has some 300 small files; finding and linking them was a third of the time of `bellows status`.
 */
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { packagesOf, thirdParty } from './third-party.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILD = join(ROOT, 'dist', 'src');
const BUNDLE = join(ROOT, 'dist', 'bundle');

/** Loaded from where they are installed: seldom needed, or with files of their own beside their code. */
const INSTALLED = ['bullmq', 'ioredis', 'jiti', 'libpg-query', 'pino', 'prom-client'];
/** What the driver takes where somebody has installed it beside; it is not ours to bring. */
const NATIVE = 'pg-native';

/** The driver finds out whether it runs on Cloudflare by making a `Response`; for that, Node 20 loads its whole HTTP client. */
const onNodeAlone: Plugin = {
  name: 'on-node-alone',
  transform: (code, id) => {
    if (!/[\\/]pg[\\/]lib[\\/]stream\.js$/.test(id)) return null;
    const asked = 'if (isCloudflareRuntime())';
    if (!code.includes(asked)) throw new Error(`${id} asks in other words than before where it runs.`);
    return code.replace(asked, 'if (false)');
  },
};

await rm(BUNDLE, { recursive: true, force: true });
const bundle = await rolldown({
  input: join(BUILD, 'cli', 'bellows.js'),
  platform: 'node',
  external: [...INSTALLED, NATIVE],
  plugins: [onNodeAlone],
  // What is loaded late in some places and at once in others is none the worse for it; how long a plugin takes depends on the day.
  checks: { ineffectiveDynamicImport: false, bundlerTimings: false },
  onLog: (level, log) => {
    if (level === 'warn') throw new Error(`The bundle is not sound: ${log.message}`);
  },
});
const { output } = await bundle.write({
  dir: BUNDLE,
  format: 'esm',
  // What two verbs need is in one file for all: to find, read and link one takes longer than to pass over what nobody calls.
  codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] },
  // Not minified: that saves no time, and a stack names the function and a line that can be read.
  minify: false,
  keepNames: true,
  comments: { legal: true, annotation: false, jsdoc: false },
});
await bundle.close();
// Looked for beside the code, there as here.
await cp(join(BUILD, 'postgres', 'schema'), join(BUNDLE, 'schema'), { recursive: true });
const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
await writeFile(join(BUNDLE, 'THIRD-PARTY.txt'), await thirdParty(packagesOf(modules)));
