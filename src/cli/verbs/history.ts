import { wholeNumber } from '../arguments.js';
import type { Verb } from '../cli.js';
import { historyLines } from '../render/reports.js';

export const history: Verb = (parent, action) => {
  parent
    .command('history [id]')
    .summary('who did what, when and why')
    .description(
      'The audit: every transition and every action of an operator, with the database’s time. It is only ever added to.',
    )
    .option('--limit <n>', 'at most this many entries')
    .addHelpText('after', '\nExample:\n  $ bellows history 20240102150000_split_user_name --limit 20')
    .action(
      action(async (cli, invocation) => {
        const migration = invocation.args[0];
        const limit = wholeNumber(invocation.text('limit'), '--limit');
        const filter = {
          ...(migration === undefined ? {} : { migration }),
          ...(limit === undefined ? {} : { limit }),
        };
        const rows = await cli.connected((bellows) => bellows.history(filter));
        cli.answer(rows, () => historyLines(rows, cli.view));
        return undefined;
      }),
    );
};
