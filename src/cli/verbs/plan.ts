import type { Verb } from '../cli.js';
import { planLines } from '../render/plan.js';

export const plan: Verb = (parent, action) => {
  parent
    .command('plan [id]')
    .summary('what would be done, and nothing of it done')
    .description(
      'Prints every step with its SQL, the lock it takes, what that blocks, whether it rewrites or scans, and its undo; the statement of a batch with its EXPLAIN; notices; the gate. Long statements are cut. Changes nothing.',
    )
    .option('--sql', 'every statement to its end')
    .addHelpText('after', '\nExample:\n  $ bellows plan 20240102150000_split_user_name')
    .action(
      action(async (cli, { args: [id], flag }) => {
        const views = await cli.connected((bellows) => bellows.plan(id));
        cli.answer(views, () => planLines(views, cli.view, flag('sql') ? 'whole' : 'cut'));
        return undefined;
      }),
    );
};
