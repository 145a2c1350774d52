import { join, relative } from 'node:path';
import { CONFIG_NAMES } from '#project/config-file';
import type { OfflineSettings } from '#project/settings';
import type { Cli, Invocation, Verb } from '../cli.js';
import { writeContainers, writeWorkflow } from '../init-files.js';
import { offlineSettings } from '../offline-settings.js';
import { CONFIG_TEMPLATE } from '../templates/config.js';
import { EXAMPLE_TEMPLATE } from '../templates/example.js';
import { type Written, writeNew } from '../write-new.js';

export const init: Verb = (parent, action) => {
  parent
    .command('init')
    .summary('start here: a configuration and a folder for migrations')
    .description(
      'Writes bellows.config.ts and the migrations folder with an explained example that is never run; on request also a workflow for GitHub Actions, and what containers need. Overwrites nothing.',
    )
    .option(
      '--ci',
      'also .github/workflows/migrate.yml, which applies and checks everything on an empty database',
    )
    .option('--docker', 'also a Dockerfile whose entry point is this command, and a compose.yaml')
    .addHelpText('after', '\nExample:\n  $ bellows init --ci --docker')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const { cwd } = cli;
  // Read before anything is written: an existing configuration, or an existing db/, says where migrations belong.
  const settings = await offlineSettings(cli.settings);
  const folder = settings.migrations[0] ?? join(cwd, 'migrations');
  const files = [
    await writeConfig(cwd, settings),
    await writeNew(cwd, join(folder, '_example.ts'), EXAMPLE_TEMPLATE),
    ...(invocation.flag('ci') ? await writeWorkflow(cwd) : []),
    ...(invocation.flag('docker') ? await writeContainers(cwd, settings) : []),
  ];
  const next = ['bellows new first_migration', 'bellows plan', 'bellows up'];
  cli.answer({ files, next }, () => initLines(files, settings));
  return undefined;
}

async function writeConfig(cwd: string, { configFile }: OfflineSettings): Promise<Written> {
  if (configFile !== null) return { path: relative(cwd, configFile), written: false };
  return writeNew(cwd, join(cwd, CONFIG_NAMES[0]), CONFIG_TEMPLATE);
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
