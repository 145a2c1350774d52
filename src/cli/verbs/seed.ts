import type { SeedOptions } from '#api';
import type { Cli, Invocation, Verb } from '../cli.js';
import { seedLine, seedLines } from '../render/seed.js';

export const seed: Verb = (parent, action) => {
  parent
    .command('seed [env]')
    .summary('give an environment its data; each file once')
    .description(
      `Applies seeds/<env>.sql, seeds/<env>.ts, or the files of seeds/<env>/ in the order of their names (db/seeds where the migrations are in db/migrations). Alone it means development.

Each file is one transaction, applied once for each text: what was applied is skipped, what was changed since is applied again. A file that fails leaves nothing behind. Without --env or BELLOWS_ENV the database is that of the environment named. Production needs --yes.`,
    )
    .option('--force', 'apply also what was applied already')
    .option('--list', 'show what is applied, changed or pending; change nothing')
    .option('--dry-run', 'the same as --list')
    .addHelpText(
      'after',
      '\nExample:\n  $ bellows seed\n  $ bellows seed test\n  $ bellows seed production --yes',
    )
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<undefined> {
  const [seeds] = invocation.args;
  const dryRun = invocation.flag('list') || invocation.flag('dryRun');
  const options: SeedOptions = {
    ...(seeds === undefined ? {} : { seeds }),
    ...{ dryRun, force: invocation.flag('force'), yes: cli.yes },
    onFile: (file) => cli.note(seedLine(file)),
    onWait: (file) => cli.note(`${file}: another process is just applying it; waiting`),
  };
  const fallbackEnv = seeds ?? 'development';
  const report = await cli.connected((bellows) => bellows.seed(options), [], { fallbackEnv });
  cli.answer(report, () => seedLines(report, { ...cli.view, dryRun }));
  return undefined;
}
