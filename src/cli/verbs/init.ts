import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { CONFIG_NAMES, exists } from '#project/config-file';
import { loadOfflineSettings, type OfflineSettings } from '#project/settings';
import type { Cli, Verb } from '../cli.js';
import { CONFIG_TEMPLATE } from '../templates/config.js';
import { EXAMPLE_TEMPLATE } from '../templates/example.js';

interface Written {
  /** Relative to the working directory. */
  readonly path: string;
  /** False: something of that name was there, and was left alone. */
  readonly written: boolean;
}

export const init: Verb = (parent, action) => {
  parent
    .command('init')
    .summary('start here: a configuration and a folder for migrations')
    .description(
      'Writes bellows.config.ts and the migrations folder with an explained example that is never run. Overwrites nothing.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows init')
    .action(action(run));
};

async function run(cli: Cli): Promise<undefined> {
  const { cwd } = cli;
  // Read before anything is written: an existing configuration, or an existing db/, says where migrations belong.
  const settings = await loadOfflineSettings(cli.settings);
  const folder = settings.migrations[0] ?? join(cwd, 'migrations');
  const files = [
    await writeConfig(cwd, settings),
    await writeNew(cwd, join(folder, '_example.ts'), EXAMPLE_TEMPLATE),
  ];
  const next = ['bellows new first_migration', 'bellows plan', 'bellows up'];
  cli.answer({ files, next }, () => initLines(files, settings));
  return undefined;
}

async function writeConfig(cwd: string, { configFile }: OfflineSettings): Promise<Written> {
  if (configFile !== null) return { path: relative(cwd, configFile), written: false };
  return writeNew(cwd, join(cwd, CONFIG_NAMES[0]), CONFIG_TEMPLATE);
}

async function writeNew(cwd: string, path: string, text: string): Promise<Written> {
  const shown = relative(cwd, path);
  if (await exists(path)) return { path: shown, written: false };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx' });
  return { path: shown, written: true };
}

function initLines(files: readonly Written[], { databaseUrl }: OfflineSettings): readonly string[] {
  const shown = files.map(({ path, written }) =>
    written ? `wrote  ${path}` : `kept   ${path} (it was there)`,
  );
  const database =
    databaseUrl === null
      ? [
          '',
          'First tell it the database, in the environment or in a .env file:',
          '  DATABASE_URL=postgres://user:password@localhost:5432/name',
        ]
      : [];
  return [
    ...shown,
    ...database,
    '',
    'Next:',
    '  bellows new first_migration   writes a file to fill in; _example.ts explains the parts',
    '  bellows plan                  shows every step, its lock and its undo; changes nothing',
    '  bellows up                    takes it to the gate',
  ];
}
