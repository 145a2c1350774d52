import type { Bellows } from '#api';
import type { Cli, Invocation, Verb } from '../cli.js';
import { confirm } from '../confirm.js';
import { narrate } from '../narrate.js';
import { outcome } from '../outcome.js';

export const rollback: Verb = (parent, action) => {
  parent
    .command('rollback [id]')
    .summary('take back what was added, before contract')
    .description(
      'Removes triggers, marker, new columns, indexes and constraints, in the safe order, and leaves the old shape true. Without an id: the newest migration in flight. It asks on a terminal, and needs --yes elsewhere.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows rollback 20240102150000_split_user_name --yes')
    .action(action(run));
};

async function run(cli: Cli, { args }: Invocation): Promise<number> {
  return cli.connected(
    async (bellows) => {
      // What the question names is what is rolled back, whatever begins meanwhile.
      const id = args[0] ?? (cli.yes ? undefined : await newest(bellows));
      await confirm(
        cli,
        id === undefined ? 'roll back the newest migration' : `roll back ${id}`,
        async () => ({
          what: 'It drops the new columns, with what was written only there. The old shape stays true, and the migration can be run again later.',
        }),
      );
      return outcome(cli, 'rolled_back', (signal) => bellows.rollback(id, { signal }));
    },
    [narrate(cli)],
  );
}

async function newest(bellows: Bellows): Promise<string | undefined> {
  const { migrations } = await bellows.status();
  return migrations.findLast(({ state }) => !['pending', 'done', 'rolled_back'].includes(state))?.id;
}
