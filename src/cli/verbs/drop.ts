import type { Verb } from '../cli.js';
import { confirmDrop } from '../confirm-database.js';

export const drop: Verb = (parent, action) => {
  parent
    .command('drop')
    .summary('drop the database')
    .description(
      'Drops the database of the URL; one that is not there is no error. It asks on a terminal, and needs --yes elsewhere. In production, and on another machine, its name must be given: typed on the terminal, or by --confirm. While others are connected it is refused, with their names: exit 1.',
    )
    .option('--confirm <name>', 'the name of the database, where --yes is not enough')
    .option('--force', 'end the sessions of others')
    .addHelpText('after', '\nExample:\n  $ bellows drop --env test --yes')
    .action(
      action((cli, invocation) =>
        cli.connected(async (bellows) => {
          const { name, place } = bellows.target;
          const confirmed = await confirmDrop(cli, invocation, bellows.target);
          const dropped = await bellows.drop({
            ...(confirmed === undefined ? {} : { confirm: confirmed }),
            force: invocation.flag('force'),
          });
          cli.answer({ database: name, dropped }, () => [
            dropped ? `Dropped database ${name} at ${place}.` : `There is no database ${name} at ${place}.`,
          ]);
          return undefined;
        }),
      ),
    );
};
