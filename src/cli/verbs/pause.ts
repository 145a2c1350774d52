import { argument, reasonOf } from '../arguments.js';
import type { Verb } from '../cli.js';
import { outcomeLines } from '../render/up-result.js';

export const pause: Verb = (parent, action) => {
  parent
    .command('pause <id>')
    .summary('hold a run; nothing is lost')
    .description(
      'Holds a run from its next batch on. Rows that the application changes are kept equal meanwhile.',
    )
    .requiredOption('--reason <text>', 'why; kept in the history and shown to everybody')
    .addHelpText(
      'after',
      '\nExample:\n  $ bellows pause 20240102150000_split_user_name --reason "quarter end"',
    )
    .action(
      action(async (cli, invocation) => {
        const reason = reasonOf(invocation, 'A pause');
        const status = await cli.connected((bellows) => bellows.pause(argument(invocation, 0), { reason }));
        cli.answer(status, () => outcomeLines(status, cli.view));
        return undefined;
      }),
    );
};
