import type { Cli, Invocation, Verb } from '../cli.js';
import { confirm } from '../confirm.js';

export const baseline: Verb = (parent, action) => {
  parent
    .command('baseline [version]')
    .summary('take a database that is there already for migrated')
    .description(
      'Marks every migration up to this version, or all, as applied, and runs none of them. For a database whose schema came from elsewhere. It asks on a terminal, and needs --yes elsewhere.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows baseline 20240101120000 --yes')
    .action(action(run));
};

async function run(cli: Cli, { args }: Invocation): Promise<undefined> {
  const [version] = args;
  await confirm(
    cli,
    `take all migrations${version === undefined ? '' : ` up to ${version}`} for applied`,
    async () => ({
      what: 'None of them is run: the schema must have what they make.',
    }),
  );
  await cli.connected(async (bellows) => {
    const migrations = await bellows.baseline(version);
    cli.answer({ migrations }, () =>
      migrations.length === 0
        ? ['Nothing to mark: all of them are applied, or begun.']
        : [...migrations.map(({ id }) => `[X] ${id}`), '', `Marked as applied: ${migrations.length}`],
    );
  });
  return undefined;
}
