import { argument } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { confirm } from '../confirm.js';
import { outcome } from '../outcome.js';

export const contract: Verb = (parent, action) => {
  parent
    .command('contract <id>')
    .summary('take the old shape away, now')
    .description(
      'Contracts now, where every check of the gate passes; a shut gate is exit 1, with what is missing. Destructive: it asks on a terminal, and needs --yes elsewhere.',
    )
    .addHelpText('after', '\nExample:\n  $ bellows contract 20240102150000_split_user_name --yes')
    .action(action(run));
};

async function run(cli: Cli, invocation: Invocation): Promise<number> {
  const id = argument(invocation, 0);
  return cli.connected(async (bellows) => {
    await confirm(cli, `contract ${id}`, async () => {
      const { steps } = await bellows.statusOf(id);
      const titles = steps.filter(({ phase }) => phase === 'contract').map(({ title }) => `  - ${title}`);
      return ['There is no way back from these but a new migration:', ...titles];
    });
    return outcome(cli, 'done', (signal) => bellows.contract(id, { signal }));
  });
}
