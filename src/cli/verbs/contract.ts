import type { Bellows } from '#api';
import { argument } from '../arguments.js';
import type { Cli, Invocation, Verb } from '../cli.js';
import { type Consequences, confirm } from '../confirm.js';
import { narrate } from '../narrate.js';
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
  return cli.connected(
    async (bellows) => {
      await confirm(cli, `contract ${id}`, () => consequences(bellows, id));
      return outcome(cli, ['done'], (signal) => bellows.contract(id, { signal }));
    },
    [narrate(cli)],
  );
}

async function consequences(bellows: Bellows, id: string): Promise<Consequences> {
  const plans = await bellows.plan(id);
  const drops = plans.flatMap(({ plan }) => plan.drops).map((name) => name.replace(/^public\./, ''));
  const dropped = drops.length === 0 ? 'It takes the old shape away' : `It drops ${drops.join(', ')}`;
  return {
    what: `${dropped}. There is no way back but a new migration.`,
    details: plans.flatMap(({ plan }) => plan.steps.contract).map(({ title }) => `  - ${title}`),
  };
}
