import { Argument, type Command, Option } from 'commander';
import type { Cli, Invocation, Verb } from '../cli.js';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { type Completed, completed } from '../completion/model.js';
import { zshScript } from '../completion/zsh.js';
import { UsageError } from '../errors.js';
import { offlineSettings } from '../offline-settings.js';

const SCRIPTS: Readonly<Record<string, (all: readonly Completed[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const completion: Verb = (parent, action) => {
  parent
    .command('completion')
    .summary('a script that completes commands, options and ids in your shell')
    .description(
      'Prints the script for a shell. For bash: source <(bellows completion bash), in ~/.bashrc. For zsh: source <(bellows completion zsh), in ~/.zshrc. For fish: bellows completion fish > ~/.config/fish/completions/bellows.fish. Ids are those of the migration files; no database is asked.',
    )
    .addArgument(new Argument('[shell]', 'which').choices(Object.keys(SCRIPTS)))
    .addOption(new Option('--ids', 'the ids that complete').hideHelp())
    .addHelpText('after', '\nExample:\n  $ bellows completion fish > ~/.config/fish/completions/bellows.fish')
    .action(action((cli, invocation) => run(cli, invocation, parent)));
};

async function run(cli: Cli, invocation: Invocation, program: Command): Promise<undefined> {
  if (invocation.flag('ids')) {
    const found = await ids(cli);
    cli.answer({ ids: found }, () => found);
    return undefined;
  }
  const [shell = ''] = invocation.args;
  const script = SCRIPTS[shell]?.(completed(program));
  if (script === undefined)
    throw new UsageError(
      'It does not say for which shell.',
      `bellows completion ${Object.keys(SCRIPTS).join(', or ')}`,
    );
  cli.answer({ shell, script }, () => [script.trimEnd()]);
  return undefined;
}

/** A shell expands the words that it offers: a file called `1_$(rm …).sql` must not become a command. */
const HARMLESS = /^[\w.-]+$/;

async function ids(cli: Cli): Promise<readonly string[]> {
  const { listMigrationFiles } = await import('#project/migration-files');
  const { migrations, cwd } = await offlineSettings(cli.settings);
  const { files } = await listMigrationFiles(migrations, cwd);
  return files.map(({ id }) => id).filter((id) => HARMLESS.test(id));
}
