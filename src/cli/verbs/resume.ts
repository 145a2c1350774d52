import { argument } from '../arguments.js';
import type { Verb } from '../cli.js';
import { outcomeLines } from '../render/up-result.js';

export const resume: Verb = (parent, action) => {
  parent
    .command('resume <id>')
    .summary('go on with a paused run, retry a failed one')
    .description('Goes on with a paused run, or retries a failed one, from exactly where it stood.')
    .addHelpText('after', '\nExample:\n  $ bellows resume 20240102150000_split_user_name')
    .action(
      action(async (cli, invocation) => {
        const status = await cli.connected((bellows) => bellows.resume(argument(invocation, 0)));
        cli.answer(status, () => outcomeLines(status, cli.view));
        return undefined;
      }),
    );
};
